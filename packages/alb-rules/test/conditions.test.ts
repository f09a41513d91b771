/** The table of kinds of conditions: each kind says the same in every language that it is written in. */
import { readdirSync } from 'node:fs'
import t from 'tap'
import { atomOf, conditionHolds, conditionOfBlock, readCondition, writeCondition, writeConditionBlock, type Condition } from '../src/conditions.js'
import { createRequest, type Witness } from '../src/request.js'
import { includes } from '../src/solver/range.js'

/** A condition of each kind with everything that it can hold, a request that meets it and one that does not, and the value of each. */
const samples: ReadonlyArray<readonly [condition: object, meets: Partial<Witness>, text: string, misses: Partial<Witness>, other: string]> = [
  [{ Field: 'host-header', HostHeaderConfig: { Values: ['*.Example.com', 'b.example'] } }, { url: 'http://A.example.COM/' }, 'a.example.com', { url: 'http://example.com/' }, 'example.com'],
  [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/A/*', '/b?'] } }, { url: 'http://h/bc?q' }, '/bc', { url: 'http://h/a/' }, '/a/'],
  [{ Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET', 'P*'] } }, { method: 'P*' }, 'P*', { method: 'POST' }, 'POST'],
  [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-A', Values: ['On*'] } }, { headers: { 'x-a': ['off', 'ONE'] } }, 'one', { headers: { 'x-a': ['off'] } }, 'off'],
  [{ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'A', Value: '\\**' }, { Value: 'v' }] } }, { url: 'http://h/?a=*b' }, 'a\u0002*b', { url: 'http://h/?a=b' }, 'a\u0002b'],
  [{ Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8', '2001:db8::/32'] } }, { sourceIp: '10.1.2.3' }, '400001010000000010000001000000011', { sourceIp: '11.0.0.1' }, '400001011000000000000000000000001']
]

const request = (more: Partial<Witness>) => createRequest({ method: 'GET', url: 'http://h/', headers: {}, ...more })
const read = (value: unknown): Condition => readCondition({ value, place: 'condition' })

t.test('each kind is a file, and each file but what they share is a kind', async t => {
  const shared = ['kind.ts', 'unknown.ts', 'values.ts']
  const files = readdirSync('packages/alb-rules/src/conditions').filter(file => !shared.includes(file))
  t.same(files.sort(), samples.map(([condition]) => `${read(condition).kind}.ts`).sort())
})

for (const [given, meets, text, misses, other] of samples) {
  const condition = read(given)
  t.test(`${condition.kind}: what AWS prints is written as it is read`, async t => {
    t.same(writeCondition(condition), given)
    t.same(read(writeCondition(condition)), condition)
  })

  t.test(`${condition.kind}: Terraform's block says the same`, async t => {
    const [[name, value]] = Object.entries(writeConditionBlock(condition)!) as [[string, unknown]]
    t.same(read(conditionOfBlock(name, { value: Array.isArray(value) ? value : [value], place: 'block' }, undefined)), condition)
  })

  t.test(`${condition.kind}: one request and the solver are told alike`, async t => {
    const { language } = atomOf(condition)
    t.equal(conditionHolds(condition, request(meets)), true)
    t.ok(includes(language, { text, marks: [] }))
    t.equal(conditionHolds(condition, request(misses)), false)
    t.notOk(includes(language, { text: other, marks: [] }))
  })
}

t.test('a kind that is not known stays what it was, and holds nobody knows when', async t => {
  const given = { Field: 'tls-version', Values: ['1.3'] }
  const condition = read(given)
  t.equal(condition.kind, 'unknown')
  t.same(writeCondition(condition), given)
  t.equal(conditionHolds(condition, request({})), undefined)
  t.equal(writeConditionBlock(condition), undefined)
})
