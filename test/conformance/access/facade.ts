/** A facade with keys of its own in front of something that records what reaches it. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { buildApp } from '../../../src/app.js'
import { toScopes } from '../../../src/access/scopes.js'
import { openStore } from '../../../src/keys/open.js'
import { loadConfig } from '../../../src/core/settings/config.js'
import { mount } from '../../../src/core/public-paths.js'
import { openUpstream } from '../../../src/mlflow/pool.js'
import type { Attempt } from './corpus.js'
import type { Asked } from './oracle.js'

/** Where writes on old paths go: served in place in both, reads redirected in the first, the default. */
export type LegacyPaths = 'redirect' | 'forward'

export interface Facade {
  /** Keys with these scopes, in clear. */
  readonly keys: { readonly read: string, readonly admin: string }
  /** Makes attempts with a key or without, many at a time; gives the statuses, 0 where the connection ended. */
  attempt: (attempts: readonly Attempt[], key: string | undefined) => Promise<number[]>
  close: () => Promise<void>
}

/** Starts a facade in front of an MLflow, with a key store in a folder of its own. */
export async function startFacade (upstreamUrl: string, legacyPaths: LegacyPaths): Promise<Facade> {
  const folder = await mkdtemp(join(tmpdir(), 'hokusai-mlflow-proof-'))
  const config = loadConfig({ DATA_DIR: folder, MLFLOW_UPSTREAM_URL: upstreamUrl, LEGACY_PATHS: legacyPaths }, () => '')
  const store = await openStore(config.keys)
  const issue = async (scope: string): Promise<string> => (await store.create({
    name: scope, userId: 'proof', environment: 'test', scopes: toScopes([scope]), workspaces: [], ratePerHour: undefined, expiresAt: undefined
  })).key
  const keys = { read: await issue('mlflow:read'), admin: await issue('mlflow:admin') }
  const app = await buildApp(config, { verifier: store, upstream: openUpstream(config.upstream, new URL(upstreamUrl)) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const sender = openSender(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`)
  return {
    keys,
    attempt: sender.attempt,
    async close () {
      await sender.close()
      await app.close()
      await rm(folder, { recursive: true })
    }
  }
}

const connections = 24

/** Makes attempts on a facade that runs already: their targets go out as they are, which no other client does. */
export function openSender (url: string): Pick<Facade, 'attempt' | 'close'> {
  const pool = new Pool(url, { connections, pipelining: 1 })
  return {
    async attempt (list, key) {
      const statuses: number[] = []
      let next = 0
      await Promise.all(Array.from({ length: connections }, async () => {
        for (let index = next++; index < list.length; index = next++) statuses[index] = await send(list[index] as Attempt, key)
      }))
      return statuses
    },
    close: async () => await pool.destroy()
  }

  async function send ({ method, target, headers, body }: Attempt, key: string | undefined): Promise<number> {
    try {
      const answer = await pool.request({
        method: method as 'GET', path: target, headers: { ...headers, ...key === undefined ? {} : { authorization: `Bearer ${key}` } }, body: body === undefined || body === '' ? null : body
      })
      await answer.body.dump()
      return answer.statusCode
    } catch {
      return 0
    }
  }
}

export interface Recorder {
  readonly url: string
  /** What reached it since the last call. */
  taken: () => Asked[]
  close: () => void
}

/** An upstream that passes for MLflow 3.17.2 without a static prefix, records what the facade forwards and answers everything. */
export async function startRecorder (): Promise<Recorder> {
  let recorded: Asked[] = []
  const server = createServer((req, res) => {
    const [path = ''] = (req.url ?? '').split('?')
    // The facade's own questions carry no id of a caller's request; what goes to the gateway carries nothing of the facade's.
    const asked = req.headers['x-request-id'] === undefined && !path.startsWith('/gateway/')
    if (!asked) recorded.push({ method: req.method ?? '', path })
    req.resume()
    if (path === '/version') res.end('3.17.2')
    else if (asked && path.startsWith(mount)) res.writeHead(404, { 'content-type': 'text/html' }).end()
    else res.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken () {
      const taken = recorded
      recorded = []
      return taken
    },
    close () {
      server.closeAllConnections()
      server.close()
    }
  }
}
