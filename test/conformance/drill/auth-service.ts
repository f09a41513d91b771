/**
 * The platform's auth service in a process of its own, to be stopped by its id. Usage: forked with its port. The first message holds the
 * keys that its database has, and is answered when it listens; each further one tells of a change, and is answered when that counts.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { goodAnswer } from '../../helpers/auth-server.js'

/** What the drill sends. */
export interface Told {
  readonly good?: readonly string[]
  readonly ended?: string
}

const good = new Set<string>()
const server = createServer((request, response) => {
  const key = (request.headers.authorization ?? '').replace('Bearer ', '')
  request.resume().once('end', () => {
    const [status, body] = good.has(key)
      ? [200, goodAnswer({ scopes: ['mlflow:write'], key_id: key.slice(-8), rate_limit_per_hour: 10_000_000 })]
      : [401, { detail: 'Invalid or expired API key' }]
    response.writeHead(status as number, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
})

process.on('message', (told: Told) => {
  for (const key of told.good ?? []) good.add(key)
  if (told.ended !== undefined) good.delete(told.ended)
  answer().catch(() => process.exit(1))
})
process.once('disconnect', () => process.exit(0))

async function answer (): Promise<void> {
  if (!server.listening) await once(server.listen(Number(process.argv[2]), '127.0.0.1'), 'listening')
  process.send?.({})
}
