/** Audit events of the facade as a process: on standard output, in a file on a full disk, from several workers, and to the last one at the end. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { freePort } from '../../scripts/mlflow/ports.js'
import { readLine, type AuditEvent } from '../../src/audit/event.js'
import { connect, head } from '../helpers/client.js'
import { smallDisk } from '../helpers/disk.js'
import { startFacade, type FacadeProcess } from '../helpers/facade.js'
import { answer, standIn } from '../helpers/upstream.js'

const needsRoot = process.getuid?.() === 0 ? false : 'only root may mount a disk'
const deletion = '/mlflow/api/2.0/mlflow/runs/delete'

interface Started {
  readonly up: FacadeProcess
  /** Deletes so many runs, over several connections at once. @returns how many were answered with 200 */
  readonly write: (count: number) => Promise<number>
  readonly metric: (series: string) => Promise<number>
}

async function start (t: Test, env: NodeJS.ProcessEnv): Promise<Started> {
  const mlflow = await standIn(t, call => call.whole.then(() => call.write(answer(200, '{}'))))
  const metricsPort = await freePort()
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { METRICS_PORT: String(metricsPort), ...env } })
  const request = head(`POST ${deletion}`, { Authorization: `Bearer ${await up.createKey('mlflow:write')}`, 'Content-Length': '14' }) + '{"run_id":"a"}'
  return {
    up,
    async write (count) {
      let answered = 0
      await Promise.all(Array.from({ length: 4 }, async () => {
        const connection = await connect(t, Number(new URL(up.url).port))
        for (let sent = 0; sent < count / 4; sent++) {
          connection.write(request)
          if ((await connection.answer()).status === 200) answered++
        }
        connection.destroy()
      }))
      return answered
    },
    async metric (series) {
      await delay(1100) // a scrape may be a second old
      const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
      return text.split('\n').filter(line => line.startsWith(`hokusai_mlflow_${series}`)).reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    }
  }
}

const eventsIn = (text: string): AuditEvent[] => text.split('\n').flatMap(line => readLine(line) ?? [])
/** Numbers that a source lacks, up to the last that it has. */
const missingIn = (events: readonly AuditEvent[]): number => Math.max(...events.map(({ seq }) => seq)) - events.length

t.test('on standard output events stand beside the log, and the command says where they are', async t => {
  const { up, write, metric } = await start(t, {})
  t.equal(await write(8), 8)
  t.equal(await metric('audit_events_total'), 8)
  await up.stop()
  const events = eventsIn(up.output())
  t.equal(events.length, 8)
  t.equal(missingIn(events), 0)
  t.match(events[0], { seq: 1, operation: 'deleteRun', outcome: 'allowed', resource: { run_id: 'a' }, address: '127.0.0.1' })
  await t.rejects(up.command(['audit']), { code: 2, stderr: /on standard output of the server/ })
})

t.test('what ends the facade loses no event, and commands that change keys write theirs to the same file', async t => {
  const file = join(t.testdir(), 'audit.log')
  const { up, write } = await start(t, { AUDIT_LOG: file })
  t.equal(await write(200), 200)
  await up.stop()
  const events = eventsIn(readFileSync(file, 'utf8'))
  t.equal(events.filter(({ operation }) => operation === 'deleteRun').length, 200)
  t.match(events.find(({ operation }) => operation === 'keys.create'), { outcome: 'allowed', user: String, resource: { name: 'test' } })
  const listed = JSON.parse(await up.command(['audit', '--json', '--limit', '1000', '--operation', 'deleteRun'])) as { events: unknown[], skipped: number }
  t.strictSame([listed.events.length, listed.skipped], [200, 0])
})

t.test('of several workers the events are in one file with one count', async t => {
  const file = join(t.testdir(), 'audit.log')
  const { up, write, metric } = await start(t, { AUDIT_LOG: file, WORKERS: '2' })
  t.equal(await write(200), 200)
  t.equal(await metric('audit_events_total'), 200)
  await up.stop()
  const events = eventsIn(readFileSync(file, 'utf8')).filter(({ operation }) => operation === 'deleteRun')
  t.equal(events.length, 200)
  t.equal(new Set(events.map(({ source }) => source)).size, 1)
  t.equal(missingIn(events), 0)
})

t.test('a full disk stops neither requests nor the end; when there is room again, all that waited is there whole', { skip: needsRoot }, async t => {
  const disk = smallDisk(t, 256 * 1024)
  const file = join(disk?.folder ?? '', 'audit.log')
  const { up, write } = await start(t, { AUDIT_LOG: file })
  const release = disk?.fill() ?? (() => {})
  t.equal(await write(400), 400)
  t.match(up.output(), /audit events cannot be written/)
  release()
  for (const end = performance.now() + 20_000; !up.output().includes('audit events are written again') && performance.now() < end;) await delay(50)
  const events = eventsIn(readFileSync(file, 'utf8'))
  t.equal(events.filter(({ operation }) => operation === 'deleteRun').length, 400)
  disk?.fill()
  t.equal(await write(400), 400)
  const begin = performance.now()
  await up.stop()
  t.ok(performance.now() - begin < 6000, `${Math.round(performance.now() - begin)} ms`)
})

t.test('what there was no room for at all is a gap in the numbers, an event with the count, and a metric', { skip: needsRoot }, async t => {
  const disk = smallDisk(t, 24 * 1024 * 1024)
  const file = join(disk?.folder ?? '', 'audit.log')
  const { up, write, metric } = await start(t, { AUDIT_LOG: file })
  const growth = up.watchGrowth()
  const release = disk?.fill() ?? (() => {})
  t.equal(await write(14_000), 14_000)
  const dropped = await metric('audit_events_dropped_total')
  t.ok(dropped > 0, `${dropped} dropped`)
  t.ok(growth() < 150 * 1024 ** 2, `${Math.round(growth() / 1024 ** 2)} MiB more`)
  release()
  await delay(4000)
  await up.stop()
  const events = eventsIn(readFileSync(file, 'utf8')).filter(({ operation }) => !operation.startsWith('keys.'))
  t.match(events.filter(({ operation }) => operation === 'audit.gap'), [{ count: dropped }])
  t.equal(missingIn(events), dropped)
  t.equal(events.length - 1 + dropped, 14_000)
})

t.test('a torn last line of a crash is passed over', async t => {
  const file = join(t.testdir(), 'audit.log')
  writeFileSync(file, '{"type":"audit","seq":7,"sou')
  const { up, write } = await start(t, { AUDIT_LOG: file })
  t.equal(await write(4), 4)
  await up.stop()
  const listed = JSON.parse(await up.command(['audit', '--json'])) as { events: AuditEvent[], skipped: number }
  t.strictSame([listed.events.length, listed.skipped], [5, 1])
})

t.test('a file that can never be written is a sentence at the start', async t => {
  const env = { PATH: process.env.PATH, DATA_DIR: t.testdir(), MLFLOW_UPSTREAM_URL: 'http://127.0.0.1:9', PORT: '0', METRICS_PORT: 'off', AUDIT_LOG: '/proc/none/audit.log' }
  await t.rejects(promisify(execFile)(process.execPath, ['dist/cli/main.js', 'start'], { env }), {
    code: 2,
    stderr: /AUDIT_LOG names \/proc\/none\/audit\.log, which cannot be written \(ENOENT\)/
  })
})
