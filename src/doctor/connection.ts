/** What a single connection to MLflow tells: how long it may be silent, and what the clock there says. */
import { connect } from 'node:tls'
import { Client } from 'undici'
import type { UpstreamConfig } from '../core/settings/config.js'
import type { Upstream } from '../mlflow/pool.js'

export interface ConnectionFacts {
  /** MLflow's clock less ours; undefined where it did not say. */
  readonly skewMs: number | undefined
  /** After how much silence the other side closed although it had promised to keep the connection; undefined: it kept it. */
  readonly closedAfterMs: number | undefined
}

/** Longer than the facade keeps an idle connection. */
const watchMs = 4300

/** Asks once and then is silent for a few seconds. */
export async function watchConnection (
  config: UpstreamConfig,
  { origin, basePath, host, authorization }: Upstream,
  now: () => number,
  socketPath?: string
): Promise<ConnectionFacts> {
  const client = new Client(origin, {
    keepAliveTimeout: 60_000,
    connect: { ...config.tls, ...(socketPath === undefined ? {} : { socketPath }) }
  })
  try {
    const answer = await client.request({
      path: `${basePath}/health`,
      method: 'GET',
      headers: { host, ...(authorization === undefined ? {} : { authorization }) },
      signal: AbortSignal.timeout(5000)
    })
    await answer.body.dump()
    const date = Date.parse(String(answer.headers.date))
    const skewMs = Number.isNaN(date) ? undefined : date - now()
    // A server that says how long it will wait is obeyed by the pool.
    const said = answer.headers.connection === 'close' || answer.headers['keep-alive'] !== undefined
    return { skewMs, closedAfterMs: said ? undefined : await closing(client) }
  } finally {
    await client.destroy()
  }
}

/** Whether a server that broke off clear text talks TLS. */
export async function speaksTls ({ hostname, port }: URL): Promise<boolean> {
  return await new Promise(resolve => {
    const host = hostname.replace(/^\[|\]$/g, '')
    // Nothing is sent, whoever it is
    const socket = connect({ host, port: Number(port === '' ? 80 : port), rejectUnauthorized: false, timeout: 3000 })
    const end = (answer: boolean) => () => {
      resolve(answer)
      socket.destroy()
    }
    socket.once('secureConnect', end(true)).once('error', end(false)).once('timeout', end(false))
  })
}

async function closing (client: Client): Promise<number | undefined> {
  const since = performance.now()
  return await new Promise(resolve => {
    const timer = setTimeout(() => resolve(undefined), watchMs)
    client.once('disconnect', () => {
      clearTimeout(timer)
      resolve(performance.now() - since)
    })
  })
}
