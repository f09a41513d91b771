/** Regular expressions of the plain subset are decided as any pattern is; others are not, and are told of once. */
import t from 'tap'
import { runChecks } from '../src/checks.js'
import type { Finding } from '../src/check.js'
import { explain } from '../src/explain.js'
import { readRules } from '../src/formats/read.js'
import { compileRegex, covers, everything, mayMeet, matches } from '../src/solver/pattern.js'
import { createRandom, forward, randomRegex } from './worlds.js'

const words = ['']
for (let at = 0; words.length < 1500; at++) for (const char of 'abx/') words.push(words[at]! + char)

t.test('a plain expression takes exactly what RegExp says', async t => {
  const random = createRandom(3)
  for (let round = 0; round < 600; round++) {
    const text = `^${randomRegex(random, 2)}$`
    const glob = compileRegex(text, false)
    if (glob === undefined) t.fail(`${text} is plain`)
    else {
      const wrong = words.find(word => matches(glob, word) !== new RegExp(text).test(word))
      if (wrong !== undefined) t.fail(`${text}: ${wrong}`)
    }
  }
  for (const [text, yes, no] of [['^/v\\d{1,2}/.*$', '/v12/', '/v123/'], ['^[A-Za-z0-9_-]+$', 'a-B_9', 'a.b'], ['^[^]a]$', '', ''], ['^\\[\\]\\^\\$\\.\\-$', '[]^$.-', '[]'], ['^[a\\]\\-z]{2,}$', 'a]-z', 'b'], ['^(a|b|)c$', 'c', 'abc'], ['^[-a]+[b-]$', '-a-', 'b'], ['^a{0}b$', 'b', 'ab'], ['^$', '', 'a'], ['^.*$', 'anything', '']] as const) {
    const glob = compileRegex(text, false)
    if (text === '^[^]a]$') t.equal(glob, undefined, 'a bracket first is read in two ways')
    else {
      t.equal(matches(glob!, yes), true, text)
      if (text !== '^.*$') t.equal(matches(glob!, no), false, text)
    }
  }
})

t.test('what dialects read in different ways is not plain', async t => {
  for (const text of ['/a', '^/a', '/a$', '^a|b$', '^(?=a)a$', '^(?i)a$', '^(?<n>a)$', '^a++$', '^a{2}{3}$', '^a**$', '^\\bword$', '^\\p{L}$', '^\\1$', '^[[:alpha:]]$', '^[a&&b]$', '^a{,3}$', '^a{3,2}$', '^(a$', '^a)$', '^[a$', '^\\s$', '^ä$', '^a$b$', '^a\\$', '^(a{100}){100}$', `^${'a'.repeat(600)}$`, '^[z-a]$', '^*$', '^[]$', '^[^]$', '^x{9999}$']) t.equal(compileRegex(text, false), undefined, text)
})

t.test('without case only what takes both forms of its letters', async t => {
  for (const text of ['^[A-Za-z0-9-]+\\.[Ee]x$', '^a.example$', '^[a-z]+$', '^\\w+\\.Example\\.com$']) t.equal(compileRegex(text, true), undefined, text)
  for (const text of ['^[A-Za-z]+$', '^\\d+\\.\\d+$', '^[^.]+$', '^\\w+$', '^.*$']) t.not(compileRegex(text, true), undefined, text)
})

t.test('the quick looks never contradict what is matched', async t => {
  const random = createRandom(8)
  const globs = Array.from({ length: 60 }, () => compileRegex(`^${randomRegex(random, 1)}$`, false)!)
  for (const one of globs) {
    for (const other of [...globs, everything]) {
      const both = words.some(word => matches(one, word) && matches(other, word))
      if (both && !mayMeet(one, other)) t.fail(`${one} and ${other} meet`)
      if (covers(one, other) && words.some(word => matches(other, word) && !matches(one, word))) t.fail(`${one} does not cover ${other}`)
    }
  }
  t.equal(compileRegex('^.*$', false), everything)
  t.pass('judged')
})

const to = (name: string) => forward(name)
const regex = (...RegexValues: string[]): object => ({ Field: 'path-pattern', PathPatternConfig: { RegexValues } })
const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const host = (...RegexValues: string[]): object => ({ Field: 'host-header', HostHeaderConfig: { RegexValues } })
const rule = (priority: number | 'default', conditions: object[], target: string): object => ({ Priority: String(priority), Conditions: conditions, Actions: to(target) })
const read = (...rules: object[]) => readRules(JSON.stringify({ Rules: [...rules, rule('default', [], 'rest')] }))
const of = (findings: readonly Finding[], check: string): readonly Finding[] => findings.filter(finding => finding.check === check)

t.test('a plain expression makes a rule dead, or is dead, with an example', async t => {
  const dead = runChecks(read(rule(10, [regex('^/v[0-9]+/.*$')], 'a'), rule(20, [path('/v1/x', '/v22/*')], 'b')))
  t.match(of(dead, 'unreachable-rule'), [{ severity: 'error', rule: '20', by: ['10'], witness: { url: /\/v(1\/x|22\/)/ } }])
  t.same(of(dead, 'unanalysable'), [])
  const covered = runChecks(read(rule(10, [path('/v*')], 'a'), rule(20, [regex('^/v[0-9]{1,3}$')], 'b')))
  t.match(of(covered, 'unreachable-rule'), [{ severity: 'error', rule: '20', by: ['10'], witness: { url: /\/v\d{1,3}$/ } }])
  t.match(explain(read(rule(10, [regex('^/v[0-9]+$')], 'a')), { method: 'GET', url: 'http://h.example/v12', headers: {} }), { rule: '10', target: 'a' })
})

t.test('a host is decided only where case cannot matter', async t => {
  const open = (text: string): boolean => of(runChecks(read(rule(10, [host(text)], 'a'))), 'unanalysable').length > 0
  t.notOk(open('^[0-9]+\\.[0-9]+$'))
  t.notOk(open('^[A-Za-z0-9]+\\.[A-Za-z]+$'))
  t.ok(open('^api\\.example\\.com$'))
})

t.test('a dead rule with an expression that cannot be read is an error where what covers it goes elsewhere', async t => {
  t.match(of(runChecks(read(rule(10, [path('/*')], 'a'), rule(20, [regex('^/(?=x)')], 'b'))), 'unreachable-rule'), [{ severity: 'error', rule: '20', differentTarget: true }])
  t.match(of(runChecks(read(rule(10, [path('/*')], 'b'), rule(20, [regex('^/(?=x)')], 'b'))), 'unreachable-rule'), [{ severity: 'warning', rule: '20', differentTarget: false }])
  t.match(of(runChecks(read(rule(10, [path('/a*')], 'a'), rule(15, [path('/*')], 'b'), rule(20, [regex('^/(?=x)')], 'b'))), 'unreachable-rule'), [{ severity: 'warning', rule: '20' }], 'which of the two takes it nobody can say')
  t.match(of(runChecks(read(rule(10, [regex('\\bx')], 'a'), rule(20, [regex('\\bx')], 'b'))), 'unreachable-rule'), [{ severity: 'error', rule: '20', by: ['10'] }])
})

t.test('what cannot be read is told of once, with the rules that hang on it', async t => {
  const findings = of(runChecks(read(rule(10, [regex('^/(?=x)')], 'a'), ...[20, 30, 40].map(priority => rule(priority, [path(`/${priority}`)], `t${priority}`)))), 'unanalysable')
  t.match(findings.filter(({ severity }) => severity === 'warning'), [{ rule: '10', message: /rules 20, 30, 40 hang on it/ }])
  t.equal(findings.filter(({ severity }) => severity === 'warning').length, 1)
  t.same(findings.filter(({ severity }) => severity === 'info').map(({ rule: priority, by }) => [priority, by]), [['20', ['10']], ['30', ['10']], ['40', ['10']]])
})

t.test('hostile expressions end', { timeout: 60_000 }, async t => {
  const started = Date.now()
  const hostile = ['^(a|b)*a(a|b){60}$', `^${'a?'.repeat(200)}$`, `^(${'a*'.repeat(100)})*$`, '^((a|ab)(c|bcd)(d*))*$', `^${'('.repeat(240)}${')'.repeat(240)}$`, '^.*a.{80}$', '^.*b.{80}$', '^[^/]*a[^/]{70}$']
  const rules = hostile.map((text, at) => rule(10 + at, [regex(text)], `t${at}`))
  const findings = runChecks(read(...rules, rule(90, [path('/*aaa*')], 'x')))
  t.ok(Array.isArray(findings))
  for (const text of hostile) explain(read(rule(10, [regex(text)], 'a')), { method: 'GET', url: `http://h.example/${'a'.repeat(8000)}`, headers: {} })
  t.ok(Date.now() - started < 50_000, `${Date.now() - started} ms`)
})
