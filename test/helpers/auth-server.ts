/** A stand-in for the platform's auth service, which can answer and fail in every way that the real one was seen to. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the service treats a validation; it is handed the key that was presented. */
export type Behaviour = (res: ServerResponse, key: string, req: IncomingMessage) => void

export interface AuthServer {
  readonly url: URL
  /** Every validation that arrived, with its JSON body. */
  readonly validations: Array<{ readonly key: string, readonly body: unknown, readonly headers: IncomingMessage['headers'] }>
  /** Paths of all other requests. */
  readonly others: string[]
  /** Answers by key, as long as no other behaviour is asked for. */
  readonly keys: Map<string, Readonly<Record<string, unknown>>>
  behave: (behaviour: Behaviour) => void
  readonly close: () => Promise<void>
}

export function answering (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Behaviour {
  return res => { res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value)) }
}

export const unauthorized = answering(401, { detail: 'Invalid or expired API key' })

/** The ways in which it is no help at all. */
export const failures = {
  internalError: answering(500, { detail: 'oops' }),
  unavailable: answering(503, { detail: 'later' }),
  badRequest: answering(400, { detail: 'unknown service_id' }),
  created: answering(201, goodAnswer()),
  missingScopes: answering(200, goodAnswer({ scopes: undefined })),
  oddScopes: answering(200, goodAnswer({ scopes: 'mlflow:admin' })),
  missingUser: answering(200, goodAnswer({ user_id: undefined })),
  list: answering(200, [goodAnswer()]),
  nothing: res => { res.writeHead(200).end() },
  brokenJson: res => { res.writeHead(200, { 'content-type': 'application/json' }).end('{"user_id": "u1", "scopes": ["mlflow:ad') },
  html: res => { res.writeHead(200, { 'content-type': 'text/html' }).end('<html><body>Sign in</body></html>') },
  garbage: res => { res.socket?.end('\x00\x01 not HTTP at all\r\n\r\n') },
  endless: res => {
    res.writeHead(200, { 'content-type': 'application/json' })
    const pour = (): void => { while (!res.destroyed && res.write(' '.repeat(65_536))); }
    res.on('drain', pour)
    pour()
  },
  reset: res => { res.socket?.resetAndDestroy() },
  cut: res => {
    res.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' }).write('{"user_id":')
    setImmediate(() => res.socket?.resetAndDestroy())
  }
} satisfies Record<string, Behaviour>

/** The ways in which it never comes to an end. */
export const hangs = {
  silent: () => {},
  dripping: res => {
    res.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => res.write(' '), 100)
    res.on('close', () => clearInterval(timer))
  }
} satisfies Record<string, Behaviour>

/** What the service says of a good key, as far as nothing else is given. */
export function goodAnswer (more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return { user_id: 'u1', email: 'ada@example.com', key_id: 'k1', service_id: 'platform', scopes: ['mlflow:read'], roles: [], is_admin: false, rate_limit_per_hour: 1000, has_sufficient_balance: true, balance: 12.5, ...more }
}

export async function startAuthServer (): Promise<AuthServer> {
  const validations: AuthServer['validations'] = []
  const others: string[] = []
  const keys: AuthServer['keys'] = new Map()
  const known: Behaviour = (res, key, req) => {
    const answer = keys.get(key)
    const behaviour = answer === undefined ? unauthorized : answering(200, answer)
    behaviour(res, key, req)
  }
  let behaviour: Behaviour = known
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      if (req.method !== 'POST' || req.url !== '/base/api/v1/keys/validate') {
        others.push(`${req.method} ${req.url}`)
        const other = behaviour === known ? answering(404, {}) : behaviour
        other(res, '', req)
        return
      }
      const key = (req.headers.authorization ?? '').replace('Bearer ', '')
      validations.push({ key, body: JSON.parse(Buffer.concat(chunks).toString()), headers: req.headers })
      behaviour(res, key, req)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/base/`),
    validations,
    others,
    keys,
    behave: next => { behaviour = next },
    close: async () => {
      if (!server.listening) return
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    }
  }
}
