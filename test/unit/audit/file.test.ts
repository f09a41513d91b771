/** Events in a file: whole lines, put aside by size, read from the end in blocks, whatever else stands there. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { lineOf, type AuditEvent, type AuditFields } from '../../../src/audit/event.js'
import { openFileReader } from '../../../src/audit/read/file.js'
import type { AuditFilter } from '../../../src/audit/read/query.js'
import { openFileSink, type FileOptions } from '../../../src/audit/sinks/file.js'
import { openTrail, type AuditTrail } from '../../../src/audit/trail.js'

const start = Date.parse('2026-06-01T09:30:00Z')
const event = (number: number, more: Partial<AuditFields> = {}): AuditFields =>
  ({ time: new Date(start + number * 1000).toISOString(), operation: 'deleteRun', outcome: 'allowed', request_id: String(number), ...more })
const line = (number: number, more: Partial<AuditEvent> = {}): string => lineOf({ seq: number, source: 's', ...event(number), ...more })

function trailTo (file: string, options: Partial<FileOptions> = {}): { trail: AuditTrail, problems: Array<Error | undefined> } {
  const problems: Array<Error | undefined> = []
  const sink = openFileSink(file, { maxBytes: 1e9, files: 10, ...options }, problem => problems.push(problem))
  return { trail: openTrail(sink, { onEvent: () => {}, onLoss: () => {} }, 's'), problems }
}

/** All pages together. */
async function readAll (file: string, filter: AuditFilter = {}, max = 1000, scanMaxBytes = Infinity): Promise<{ ids: number[], skipped: number, pages: number }> {
  const reader = openFileReader(file, 10)
  const ids: number[] = []
  let [skipped, pages] = [0, 0]
  for (let token: string | undefined; ;) {
    const page = await reader.read(filter, { max, token, scanMaxBytes })
    ids.push(...page.events.map(({ request_id: id }) => Number(id)))
    skipped += page.skipped
    pages++
    token = page.next
    if (token === undefined) return { ids, skipped, pages }
  }
}

const place = (t: Test): string => join(t.testdir(), 'audit.log')
/** Waits until an event is written: lines wait a tenth of a second for others, and a busy disk takes its time. */
async function written (file: string, number: number): Promise<void> {
  while (!(existsSync(file) && readFileSync(file, 'utf8').includes(`"request_id":"${number}"`))) await delay(5)
}

const down = (from: number, to: number): number[] => Array.from({ length: from - to + 1 }, (_, index) => from - index)

t.test('events are there by themselves, in a file for its user alone, and the newest is read first', async t => {
  const file = place(t)
  const { trail } = trailTo(file)
  for (let number = 1; number <= 3; number++) trail.record(event(number))
  await written(file, 3)
  t.equal(statSync(file).mode & 0o777, 0o600)
  t.strictSame((await readAll(file)).ids, [3, 2, 1])
  trail.record(event(4))
  await trail.close()
  t.strictSame((await readAll(file)).ids, [4, 3, 2, 1], 'what waits is written at the end')
})

t.test('a file is put aside by its size, and no more files are kept than allowed', async t => {
  const file = place(t)
  const length = line(1).length
  const { trail } = trailTo(file, { maxBytes: 3 * length + 10, files: 3 })
  for (let number = 1; number <= 9; number++) {
    trail.record(event(number))
    await written(file, number)
  }
  await trail.close()
  t.strictSame(readdirSync(join(file, '..')).sort(), ['audit.log', 'audit.log.1', 'audit.log.2'])
  t.strictSame((await readAll(file)).ids, down(9, 1))
  t.equal(readFileSync(`${file}.2`, 'utf8').split('\n').length, 4)
  const alone = trailTo(file, { maxBytes: 1, files: 1 })
  alone.trail.record(event(10))
  await alone.trail.close()
  t.equal(readFileSync(file, 'utf8').trim().split('\n').length, 1)
})

t.test('a torn line, foreign lines and lines without end are passed over, and counted', async t => {
  const file = place(t)
  writeFileSync(file, `${line(1)}not an event\n\n${'x'.repeat(300_000)}\n${line(2)}${line(3).slice(0, 40)}`)
  const { trail } = trailTo(file)
  trail.record(event(4))
  await trail.close()
  t.strictSame(await readAll(file), { ids: [4, 2, 1], skipped: 3, pages: 1 })
})

t.test('a file that is moved or removed meanwhile, and others that append, lose no event', async t => {
  const file = place(t)
  const { trail } = trailTo(file)
  trail.record(event(1))
  await written(file, 1)
  renameSync(file, `${file}.1`)
  trail.record(event(2))
  await written(file, 2)
  appendFileSync(file, line(3))
  trail.record(event(4))
  await written(file, 4)
  t.strictSame((await readAll(file)).ids, [4, 3, 2, 1])
  rmSync(file)
  trail.record(event(5))
  await trail.close()
  t.strictSame((await readAll(file)).ids, [5, 1])
})

t.test('a place that takes nothing costs a bounded part of memory; afterwards a gap is told of, and the trouble once', async t => {
  const file = place(t)
  mkdirSync(file)
  const { trail, problems } = trailTo(file)
  const wide = event(1, { resource: { path: 'x'.repeat(250) } })
  for (let each = 0; each < 30_000; each++) trail.record(wide)
  while (problems.length === 0) await delay(5)
  t.match(problems, [{ code: 'EISDIR' }])
  rmSync(file, { recursive: true })
  while (!existsSync(file) || !readFileSync(file, 'utf8').includes('audit.gap')) await delay(20)
  await trail.close()
  t.equal(problems.length, 2)
  const lines = readFileSync(file, 'utf8').trim().split('\n').map(text => JSON.parse(text) as AuditEvent)
  const gap = lines.find(({ operation }) => operation === 'audit.gap')
  t.ok((gap?.count ?? 0) > 10_000, `${gap?.count} lost`)
  t.equal(lines.length - 1 + (gap?.count ?? 0), 30_000)
  t.equal(gap?.seq, 30_001)
})

t.test('pages follow each other over all files, also while one is put aside', async t => {
  const file = place(t)
  writeFileSync(`${file}.1`, down(20, 1).reverse().map(number => line(number)).join(''))
  writeFileSync(file, down(40, 21).reverse().map(number => line(number)).join(''))
  for (const max of [1, 7, 20, 40]) t.strictSame((await readAll(file, {}, max)).ids, down(40, 1), `pages of ${max}`)
  const reader = openFileReader(file, 10)
  const first = await reader.read({}, { max: 5 })
  renameSync(`${file}.1`, `${file}.2`)
  renameSync(file, `${file}.1`)
  writeFileSync(file, line(41))
  const second = await reader.read({}, { max: 100, token: first.next })
  t.strictSame(second.events.map(({ request_id: id }) => Number(id)), down(35, 1))
  for (const token of ['x', Buffer.from('1:2:3').toString('base64url'), '']) await t.rejects(reader.read({}, { max: 5, token }), { name: 'PageTokenError' })
})

t.test('a filter takes what fits, and stops where everything is older', async t => {
  const file = place(t)
  const rows = [
    line(1, { key_id: 'key_a', key: 'hk_live_abcd…' }), line(2, { user: 'ann' }), line(3, { outcome: 'refused', reason: 'scope' }), line(4, { operation: 'createRun' })
  ]
  writeFileSync(file, rows.join(''))
  const found = async (filter: AuditFilter): Promise<number[]> => (await readAll(file, filter)).ids
  t.strictSame(await found({ key: 'key_a' }), [1])
  t.strictSame(await found({ key: 'hk_live_abcd' }), [1])
  t.strictSame(await found({ key: 'hk_live_abcd…' }), [1])
  t.strictSame(await found({ user: 'ann' }), [2])
  t.strictSame(await found({ outcome: 'refused' }), [3])
  t.strictSame(await found({ reason: 'scope', outcome: 'allowed' }), [])
  t.strictSame(await found({ operation: 'createRun' }), [4])
  t.strictSame(await found({ since: start + 2000, until: start + 4000 }), [3, 2])
})

t.test('a large file is read in blocks, and where only so much is looked through, the next page goes on', async t => {
  const file = place(t)
  const part = down(2000, 1).reverse().map(number => line(number, { resource: { path: 'x'.repeat(200) } })).join('')
  for (let each = 0; each < 20; each++) appendFileSync(file, part)
  const { size } = statSync(file)
  const before = process.memoryUsage().rss
  let peak = before
  const clock = setInterval(() => { peak = Math.max(peak, process.memoryUsage().rss) }, 5)
  const whole = await readAll(file, { user: 'nobody' })
  clearInterval(clock)
  t.equal(whole.pages, 1)
  t.ok(peak - before < size, `${Math.round((peak - before) / 1e6)} MB more for ${Math.round(size / 1e6)} MB`)
  const scanned = await readAll(file, { user: 'nobody' }, 10, size / 5)
  t.ok(scanned.pages >= 4 && scanned.pages <= 6, `${scanned.pages} pages`)
})
