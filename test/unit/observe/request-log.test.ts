/** The line that is made by hand is the one that pino would make of its fields, whatever a key's owner is called. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { pino } from 'pino'
import t from 'tap'
import type { RequestRecord } from '../../../src/http/records.js'
import type { Caller } from '../../../src/keys/contract.js'
import { openRequestLog } from '../../../src/observe/request-log.js'

const some = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(values, { nil: undefined })
const caller = fc.record({ hint: fc.string({ unit: 'binary' }), keyId: fc.string({ unit: 'binary' }), userId: fc.string({ unit: 'binary' }) }) as unknown as fc.Arbitrary<Caller>
const record: fc.Arbitrary<RequestRecord> = fc.record({
  requestId: fc.uuid(),
  traceId: some(fc.constant('4bf92f3577b34da6a3ce929d0e0e4736')),
  operation: fc.constantFrom('searchRuns', 'none'),
  method: some(fc.constantFrom('GET', 'POST')),
  status: fc.constantFrom(200, 404, 499, 500),
  durationMs: some(fc.double({ min: 0, max: 1e6, noNaN: true })),
  upstreamMs: some(fc.double({ min: 0, max: 1e6, noNaN: true })),
  bytesIn: some(fc.nat()),
  bytesOut: some(fc.nat()),
  caller: some(caller),
  address: fc.oneof(fc.ipV4(), fc.ipV6()),
  client: fc.constantFrom('python', 'other'),
  onOldPath: fc.boolean(),
  refusal: some(fc.constantFrom('scope', 'no_key')),
  failure: fc.constant(undefined),
  protocolError: fc.constant(undefined)
})

for (const base of [null, { worker: 2 }]) {
  t.test(base === null ? 'lines' : 'lines of a worker', async () => {
    let written = ''
    const log = pino({ base, timestamp: () => ',"time":"T"', formatters: { level: level => ({ level }) } }, { write: (line: string) => { written += line } })
    const requests = openRequestLog(log)
    fc.assert(fc.property(record, record => {
      written = ''
      requests.write(record)
      const { durationMs, upstreamMs, caller } = record
      const tenths = (ms: number | undefined): number | undefined => ms === undefined ? undefined : Math.round(ms * 10) / 10
      const byHand = written
      written = ''
      log.info({
        request_id: record.requestId,
        operation: record.operation,
        trace_id: record.traceId,
        method: record.method,
        status: record.status,
        ms: tenths(durationMs),
        upstream_ms: tenths(upstreamMs),
        bytes_in: record.bytesIn,
        bytes_out: record.bytesOut,
        key: caller?.hint,
        key_id: caller?.keyId,
        user: caller?.userId,
        address: record.address,
        client: record.client,
        legacy: record.onOldPath ? true : undefined,
        refusal: record.refusal
      }, 'request')
      return byHand === written
    }), { numRuns: 80 })
  })
}

t.test('what is below the level is not written', async t => {
  let lines = 0
  const log = pino({ level: 'warn' }, { write: () => { lines++ } })
  const [one] = fc.sample(record, 1)
  openRequestLog(log).write(one as RequestRecord)
  t.equal(lines, 0)
})

t.test('docs/log.md tells of each field that a line can have, and of no other', async t => {
  let written = ''
  const log = pino({ base: { worker: 2 }, formatters: { level: level => ({ level }) } }, { write: (line: string) => { written += line } })
  const requests = openRequestLog(log)
  const full = {
    requestId: 'a',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    operation: 'searchRuns',
    method: 'GET',
    status: 502,
    durationMs: 1,
    upstreamMs: 1,
    bytesIn: 1,
    bytesOut: 1,
    address: '::1',
    client: 'python',
    onOldPath: true,
    caller: { hint: 'hk_test_…', keyId: 'key_1', userId: 'ann', session: true } as unknown as Caller,
    refusal: 'upstream_reset',
    failure: new Error('reset'),
    protocolError: undefined
  } as const
  requests.write(full)
  const page = readFileSync('docs/log.md', 'utf8')
  const rows = [...page.matchAll(/^\| (`.*?`) \|/gm)].flatMap(([, names = '']) => [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name))
  t.strictSame(rows.sort(), Object.keys(JSON.parse(written) as object).sort())
  const example = /```json\n(.*)\n/.exec(page)?.[1] ?? ''
  for (const name of Object.keys(JSON.parse(example) as object)) t.ok(rows.includes(name), name)
})
