/** Mixed traffic against a real MLflow behind the facade, and the events that the facade then tells of it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { AuditEvent } from '../../../src/audit/event.js'
import { startMlflow } from '../../../scripts/mlflow/server.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { call, kinds, type Expected, type World } from './kinds.js'

interface Teardown { teardown: (fn: () => unknown) => void }

/** Calls by what their events say: operation, outcome and reason. */
export type Tally = ReadonlyMap<string, number>

export interface Replay {
  /** Calls that were made, those without an event too. */
  readonly calls: number
  readonly expected: Tally
  readonly found: Tally
  /** Numbers of events that are not there. */
  readonly missing: number
}

const callers = 8
const nameOf = ({ operation, outcome, reason = '' }: Expected): string => `${operation} ${outcome} ${reason}`.trim()

/** What differs, a sentence each. */
export function differences (expected: Tally, found: Tally): string[] {
  const names = [...new Set([...expected.keys(), ...found.keys()])].sort()
  return names
    .filter(name => expected.get(name) !== found.get(name))
    .map(name => `${name}: expected ${expected.get(name) ?? 0}, found ${found.get(name) ?? 0}`)
}

/** Events by what they say, as many calls as they stand for. */
export function tallyOf (events: readonly AuditEvent[]): Tally {
  const tally = new Map<string, number>()
  for (const { operation, outcome, reason, count = 1 } of events) add(tally, nameOf({ operation, outcome, ...reason === undefined ? {} : { reason } }), count)
  return tally
}

/** Calls each kind at least once, and so many in all. */
export async function replay (t: Teardown, dir: string, total: number): Promise<Replay> {
  const mlflow = await startMlflow(t, { version: '3.17.2', dir })
  const env = { AUDIT_LOG: `${dir}/audit.log`, AUDIT_LOG_MAX_BYTES: '200000', AUDIT_LOG_FILES: '1000', WORKERS: '2', BODY_MAX_BYTES: '10000' }
  const up = await startFacade(t, { mlflowUrl: mlflow.url, env })
  const expected = new Map<string, number>()
  const world = await prepare(up, expected)
  let made = 0
  await Promise.all(Array.from({ length: callers }, async () => {
    while (made < Math.max(total, kinds.length)) {
      const index = made++
      const kind = kinds[index < kinds.length ? index : Math.floor(Math.random() * kinds.length)]
      const event = kind?.event(await kind.ask(world))
      if (event !== undefined) add(expected, nameOf(event))
    }
  }))
  await delay(2000) // what is held of a flood, and what was cut
  const events = await readAll(up.url, world.keys.admin)
  const numbers = events.filter(({ operation }) => !operation.startsWith('keys.')).map(({ seq }) => seq)
  return { calls: made, expected, found: tallyOf(events), missing: numbers.reduce((most, seq) => Math.max(most, seq), 0) - numbers.length }
}

/** Page by page, as programs do. */
async function readAll (url: string, key: string): Promise<AuditEvent[]> {
  const found: AuditEvent[] = []
  for (let token: string | null = ''; token !== null;) {
    const response: Response = await fetch(`${url}/admin/audit?max_results=1000${token === '' ? '' : `&page_token=${token}`}`, { headers: { Authorization: `Bearer ${key}` } })
    const page = await response.json() as { events: AuditEvent[], next_page_token: string | null }
    found.push(...page.events)
    token = page.next_page_token
  }
  return found
}

async function prepare (up: FacadeProcess, expected: Map<string, number>): Promise<World> {
  const create = async (scopes: string, ...options: string[]): Promise<string> => {
    add(expected, 'keys.create allowed')
    return await up.createKey(scopes, options)
  }
  const keys = {
    read: await create('mlflow:read'),
    write: await create('mlflow:write'),
    admin: await create('mlflow:admin'),
    limited: await create('mlflow:read', '--rate', '3/hour'),
    tied: await create('mlflow:write', '--workspace', 'team-a'),
    expired: await create('mlflow:write', '--expires', '1s', '--name', 'expired'),
    revoked: await create('mlflow:write', '--name', 'revoked')
  }
  await up.command(['keys', 'revoke', 'revoked'])
  add(expected, 'keys.revoke allowed')
  await delay(1500)
  const world = { port: Number(new URL(up.url).port), keys, experimentId: '0', runId: '', cookie: '' }
  const run = await call(world, 'POST /mlflow/api/2.0/mlflow/runs/create', { key: 'write', body: { experiment_id: '0' } })
  const file = await call(world, 'PUT /mlflow/api/2.0/mlflow-artifacts/artifacts/kept.bin', { key: 'write', body: 'x'.repeat(2_000_000) })
  const signedIn = await call(world, 'POST /login', {
    headers: { Origin: 'http://facade.test', 'Content-Type': 'application/x-www-form-urlencoded' },
    body: `key=${keys.write}`
  })
  if (run.status !== 200 || file.status !== 200 || signedIn.status !== 303) throw new Error(`The replay cannot begin: ${run.text()} ${file.text()} ${signedIn.text()}`)
  for (const name of ['createRun allowed', 'uploadArtifact allowed', 'sign_in allowed']) add(expected, name)
  const { run: { info } } = run.json() as { run: { info: { run_id: string } } }
  return { ...world, runId: info.run_id, cookie: signedIn.header('set-cookie')?.split(';')[0] ?? '' }
}

function add (tally: Map<string, number>, name: string, count: number = 1): void {
  tally.set(name, (tally.get(name) ?? 0) + count)
}
