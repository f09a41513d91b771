/** Audit events in a real PostgreSQL: beside the keys or alone, while it is away or hangs, read page by page, and deleted when they are old. */
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { auditCommand } from '../../../src/audit/command.js'
import type { AuditEvent, AuditFields } from '../../../src/audit/event.js'
import { openPostgresReader } from '../../../src/audit/read/postgres.js'
import type { AuditFilter } from '../../../src/audit/read/query.js'
import { openPostgresSink } from '../../../src/audit/sinks/postgres.js'
import { auditTables } from '../../../src/audit/tables.js'
import { openTrail, type AuditTrail } from '../../../src/audit/trail.js'
import { loadConfig } from '../../../src/core/settings/config.js'
import type { PostgresAddress } from '../../../src/core/settings/postgres-url.js'
import { inspectPostgres } from '../../../src/keys/stores/postgres/inspect.js'
import { connect, head } from '../../helpers/client.js'
import { startFacade } from '../../helpers/facade.js'
import { addressOf, startPostgres, urlOf } from '../../helpers/postgres.js'
import { answer, standIn } from '../../helpers/upstream.js'

const server = await startPostgres(t)
const start = Date.parse('2026-06-01T09:30:00Z')
const event = (number: number, more: Partial<AuditFields> = {}): AuditFields =>
  ({ time: new Date(start + number * 1000).toISOString(), operation: 'deleteRun', outcome: 'allowed', request_id: String(number), ...more })

interface Kept {
  readonly address: PostgresAddress
  readonly database: string
  readonly trail: (retentionMs?: number) => AuditTrail
  readonly problems: Array<Error | undefined>
  /** All pages together, by request id. */
  readonly ids: (filter?: AuditFilter, max?: number) => Promise<number[]>
}

async function open (t: Test): Promise<Kept> {
  const database = await server.createDatabase()
  const address = addressOf(urlOf(server.port, database))
  const problems: Array<Error | undefined> = []
  const reader = openPostgresReader(address)
  t.teardown(reader.close)
  return {
    address,
    database,
    problems,
    trail: retentionMs => openTrail(openPostgresSink(address, retentionMs, problem => problems.push(problem)), { onEvent: () => {}, onLoss: () => {} }),
    async ids (filter = {}, max = 1000) {
      const found: AuditEvent[] = []
      for (let token: string | undefined; ;) {
        const { events, next } = await reader.read(filter, { max, token })
        found.push(...events)
        token = next
        if (token === undefined) return found.map(({ request_id: id }) => Number(id))
      }
    }
  }
}

t.test('events of several sources, read page by page and by every filter', async t => {
  const { trail, ids, problems } = await open(t)
  t.strictSame(await ids(), [], 'no tables yet')
  const [one, other] = [trail(), trail()]
  one.record(event(1, { key_id: 'key_a', key: 'hk_live_abcd…' }))
  other.record(event(2, { user: 'ann\0\ud800' }))
  one.record(event(3, { outcome: 'refused', reason: 'scope', resource: { name: 'a\0b' } }))
  other.record(event(4, { operation: 'createRun' }))
  await Promise.all([one.close(), other.close()])
  t.strictSame(problems, [])
  for (const max of [1, 3, 100]) t.strictSame(await ids({}, max), [4, 3, 2, 1])
  t.strictSame(await ids({ key: 'key_a' }), [1])
  t.strictSame(await ids({ key: 'hk_live_abcd' }), [1])
  t.strictSame(await ids({ outcome: 'refused', reason: 'scope' }), [3])
  t.strictSame(await ids({ operation: 'createRun' }), [4])
  t.strictSame(await ids({ since: start + 2000, until: start + 4000 }), [3, 2])
})

t.test('a server that is away, and one that hangs, are waited for: no event is lost, none is there twice', async t => {
  const { trail, ids, problems } = await open(t)
  const events = trail()
  events.record(event(1))
  await delay(1000)
  await server.kill()
  for (let number = 2; number <= 900; number++) events.record(event(number))
  await delay(1500)
  t.equal(problems.filter(problem => problem !== undefined).length, 1)
  await server.start()
  await delay(3000)
  server.hang()
  for (let number = 901; number <= 1000; number++) events.record(event(number))
  await delay(4000)
  server.resume()
  await delay(5000)
  await events.close()
  const found = await ids({}, 1000)
  t.equal(found.length, 1000)
  t.equal(new Set(found).size, 1000)
  t.equal(problems.at(-1), undefined)
})

t.test('beside the keys in one database, by the facade and its commands, and over HTTP', async t => {
  const url = urlOf(server.port, await server.createDatabase())
  const mlflow = await standIn(t, call => call.whole.then(() => call.write(answer(200, '{}'))))
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { KEYS_URL: url, AUDIT_LOG: url, WORKERS: '2' } })
  const [writer, admin] = [await up.createKey('mlflow:write'), await up.createKey('mlflow:admin')]
  const connection = await connect(t, Number(new URL(up.url).port))
  for (let each = 0; each < 20; each++) {
    connection.write(head('POST /mlflow/api/2.0/mlflow/runs/delete', { Authorization: `Bearer ${writer}`, 'Content-Length': '14' }) + '{"run_id":"a"}')
    t.equal((await connection.answer()).status, 200)
  }
  await delay(1500)
  const listed = JSON.parse(await up.command(['audit', '--json', '--operation', 'deleteRun'])) as { events: AuditEvent[] }
  t.strictSame([...listed.events.map(({ seq }) => seq)].sort((a, b) => a - b), Array.from({ length: 20 }, (_, index) => index + 1))
  const response = await fetch(`${up.url}/admin/audit?operation=keys.create`, { headers: { Authorization: `Bearer ${admin}` } })
  t.match(await response.json(), { events: [{ resource: { name: 'test' } }, { resource: { name: 'test' } }], next_page_token: null })
})

t.test('what is older than it may be goes, the rest stays', { timeout: 60_000 }, async t => {
  const { trail, ids } = await open(t)
  const events = trail(3600_000)
  events.record(event(1))
  events.record({ ...event(2), time: new Date().toISOString() })
  for (const end = performance.now() + 20_000; performance.now() < end && (await ids()).length !== 1;) await delay(500)
  t.strictSame(await ids(), [2])
  await events.close()
})

t.test('tables of a newer version are left alone, and a command says why it wrote nothing', async t => {
  const { trail, database, address, problems } = await open(t)
  const first = trail()
  first.record(event(1))
  await first.close()
  t.equal((await inspectPostgres(address, auditTables.versions)).version, auditTables.steps.length)
  await server.query(database, 'INSERT INTO hokusai_mlflow.audit_version (version) VALUES (99)')
  const later = trail()
  later.record(event(2))
  await later.close()
  t.match(problems, [{ message: /audit database has schema 99/ }])
  const { audit } = loadConfig({ AUDIT_LOG: urlOf(server.port, database) }, () => '')
  t.match(await auditCommand(audit, 'keys.create', {}), /schema 99/)
})
