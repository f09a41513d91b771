/** HTTP as `verify` speaks it: raw paths, no redirects followed, one deadline for each call. */
import { Agent, buildConnector } from 'undici'

const timeoutMs = 15_000

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  /** The body as JSON, or undefined where it is none. */
  readonly json: Readonly<Record<string, unknown>> | undefined
}

export interface Call {
  readonly method?: string
  readonly key?: string | undefined
  /** Sent as JSON. */
  readonly send?: unknown
  readonly bytes?: Buffer
  readonly headers?: Readonly<Record<string, string>>
}

export interface Caller {
  /** @throws Error that says what the network did */
  call: (path: string, call?: Call) => Promise<Answer>
  close: () => Promise<void>
}

/**
 * @param base origin of the deployment
 * @param place where to connect to instead of the origin's own host and port; Host header and TLS name stay the origin's
 */
export function openCaller (base: URL, place?: { readonly hostname: string, readonly port: string }): Caller {
  const connect = buildConnector({})
  const agent = new Agent(
    place === undefined ? {} : { connect: (options, callback) => connect({ ...options, ...place, servername: base.hostname }, callback) }
  )
  return {
    async call (path, { method = 'GET', key, send, bytes, headers = {} } = {}) {
      const answer = await agent.request({
        origin: base.origin,
        path, // as it is: a URL object would fold dot segments
        method: method as 'GET',
        headers: {
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...(send === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers
        },
        body: send === undefined ? (bytes ?? null) : JSON.stringify(send),
        signal: AbortSignal.timeout(timeoutMs)
      })
      const body = Buffer.from(await answer.body.arrayBuffer())
      return { status: answer.statusCode, headers: flat(answer.headers), body, json: parseJson(body) }
    },
    close: async () => await agent.close()
  }
}

function flat (headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value ?? '']))
}

function parseJson (body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? value as Record<string, unknown> : undefined
  } catch {
    return undefined
  }
}
