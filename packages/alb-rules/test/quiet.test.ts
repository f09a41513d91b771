/** What is not worth a warning: crossings that nothing could tell apart, the same thing again and again, and what somebody has looked at. */
import { join } from 'node:path'
import t from 'tap'
import { runCommand } from '../src/cli/commands.js'
import { runChecks } from '../src/checks.js'
import type { Finding } from '../src/check.js'
import { readRules } from '../src/formats/read.js'
import { forward } from './worlds.js'

const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const header = (name: string, ...values: string[]): object => ({ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: name, Values: values } })
const query = (...pairs: Array<[key: string, value: string]>): object => ({ Field: 'query-string', QueryStringConfig: { Values: pairs.map(([Key, Value]) => ({ Key, Value })) } })
const rule = (priority: number | 'default', conditions: object[], target: string): object => ({ Priority: String(priority), Conditions: conditions, Actions: forward(target) })
const fixed = (status: string): object => ({ Priority: 'default', Conditions: [], Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: status } }] })
const document = (...rules: object[]): string => JSON.stringify({ Rules: rules })
const found = (check: string, ...rules: object[]): readonly Finding[] => runChecks(readRules(document(...rules))).filter(finding => finding.check === check)

t.test('two rules that meet only where a header or a key comes twice', async t => {
  const crossing = (one: object, other: object): readonly Finding[] => found('partly-shadowed-rule', rule(10, [one], 'a'), rule(20, [other], 'b'), fixed('404'))
  for (const [one, other] of [[header('X-Env', 'blue'), header('x-env', 'green*')], [query(['v', '1']), query(['V', '2'], ['v', '3'])]] as const) {
    t.match(crossing(one, other), [{ severity: 'info', message: /occurs twice/, fix: /^Nothing/ }])
  }
  for (const [one, other] of [[header('X-Env', 'blue'), header('X-Other', 'green')], [header('X-Env', 'a*'), header('X-Env', '*b')], [query(['v', '1']), query(['w', '2'])], [query(['v', '1'], ['w', '1']), query(['v', '2'])], [query(['*', '1']), query(['v', '2'])]] as const) {
    t.match(crossing(one, other), [{ severity: 'warning' }], JSON.stringify([one, other]))
  }
})

t.test('one early rule that crosses many is told of once', async t => {
  const crossings = (count: number): readonly Finding[] => found('partly-shadowed-rule', rule(1, [{ Field: 'http-request-method', Values: ['OPTIONS'] }], 'cors'), ...Array.from({ length: count }, (_, at) => rule(10 + at, [path(`/s${at}`)], `s${at}`)), fixed('404'))
  const twenty = crossings(20)
  t.equal(twenty.length, 20, 'each pair is there')
  t.match(twenty.filter(({ severity }) => severity === 'warning'), [{ rule: '10', by: ['1'], message: /crosses 20 rules, with 11, 12,.* too/ }])
  t.equal(twenty.filter(({ severity }) => severity === 'warning').length, 1)
  t.match(twenty.find(({ rule: priority }) => priority === '15'), { severity: 'info', message: /reported with rule 10/ })
  t.equal(crossings(3).filter(({ severity }) => severity === 'warning').length, 3, 'a few are told one by one')
})

t.test('a bare path that is refused, or that another rule names, is no warning', async t => {
  const bare = (...rules: object[]): string | undefined => found('bare-path-missing', ...rules)[0]?.severity
  t.equal(bare(rule(10, [path('/x/*')], 'x'), fixed('404')), 'info')
  t.equal(bare(rule(10, [path('/x/*')], 'x'), fixed('403')), 'info')
  t.equal(bare(rule(10, [path('/x/*')], 'x'), fixed('200')), 'warning')
  t.equal(bare(rule(10, [path('/x/*')], 'x'), fixed('503')), 'warning')
  t.equal(bare(rule(5, [path('/x')], 'bare'), rule(10, [path('/x/*')], 'x'), fixed('404')), 'info')
  t.equal(bare(rule(10, [path('/x/*')], 'x'), rule('default', [], 'rest')), 'warning')
})

interface Ran { readonly code: number, readonly out: string, readonly err: string }

async function check (...args: string[]): Promise<Ran> {
  let [out, err] = ['', '']
  const io = { stdout: { write: (text: string) => { out += text } }, stderr: { write: (text: string) => { err += text } }, env: {} }
  return { code: await runCommand(['check', ...args], io, { program: 'alb-rules', hosts: [] }), out, err }
}

const loud = document(rule(10, [path('/api*')], 'api'), rule(20, [path('/web*')], 'web'), fixed('404'))

t.test('--ignore hides a finding, asks why, and says when there is nothing to hide', async t => {
  const file = join(t.testdir({ 'rules.json': loud }), 'rules.json')
  t.equal((await check(file)).code, 1)
  const one = await check(file, '--json', '--ignore', 'prefix-overreach:10=ids follow the name')
  t.match((JSON.parse(one.out) as { findings: object[] }).findings, [{ check: 'prefix-overreach', rule: '20' }])
  t.match(one, { code: 1, err: /^1 known finding is not shown\n$/ })
  t.match(await check(file, '--ignore', 'prefix-overreach:*=so it is'), { code: 0, err: /2 known findings are not shown/ })
  t.match((await check(file, '--ignore', 'prefix-overreach:10')).err, /say why, as --ignore prefix-overreach:10=REASON/)
  t.match((await check(file, '--ignore', 'prefix-overreach:99=old')).err, /prefix-overreach:99: this finding no longer exists/)
  for (const wrong of ['prefix-overreach', 'nonsense:10=x', '']) await t.rejects(check(file, '--ignore', wrong), { message: /CHECK:RULE=REASON/ }, wrong)
})

t.test('--baseline shows only what is new or worse', async t => {
  const worse = document(rule(10, [path('/api*')], 'api'), rule(20, [path('/web*')], 'web'), rule(30, [path('/apis')], 'other'), fixed('404'))
  const dir = t.testdir({ 'rules.json': loud, 'worse.json': worse, 'baseline.json': (await check(join(t.testdir({ 'rules.json': loud }), 'rules.json'), '--json')).out })
  const baseline = join(dir, 'baseline.json')
  t.match(await check(join(dir, 'rules.json'), '--baseline', baseline), { code: 0, out: /nothing found/ })
  t.match((JSON.parse((await check(join(dir, 'worse.json'), '--json', '--baseline', baseline)).out) as { findings: object[] }).findings, [{ check: 'unreachable-rule', rule: '30' }])
  const calmer = (JSON.parse((await check(join(dir, 'worse.json'), '--json')).out) as { findings: object[] }).findings.map(finding => ({ ...finding, severity: 'info' }))
  const other = t.testdir({ 'calm.json': JSON.stringify({ findings: calmer }), 'rules.json': worse, 'bad.json': '{"findings": [{"check": "x", "severity": "odd"}]}', 'none.json': '{}', 'text.json': 'x' })
  t.equal((await check(join(other, 'rules.json'), '--baseline', join(other, 'calm.json'))).code, 1, 'what was info and is an error is new')
  for (const [bad, message] of [['bad.json', /findings\[0\]\.severity: odd is none/], ['none.json', /findings: the list is missing/], ['text.json', /is not JSON/], ['gone.json', /Cannot read/]] as const) await t.rejects(check(join(other, 'rules.json'), '--baseline', join(other, bad)), { message }, bad)
})
