/** Limits as AWS has them: what it refuses is an error, what its pages disagree on a warning, and what can be raised no more than that. */
import t from 'tap'
import { runChecks } from '../src/checks.js'
import type { Finding } from '../src/check.js'
import { readRules } from '../src/formats/read.js'
import { forwardAction, notFound, pathCondition, resource } from './terraform-pieces.js'
import { forward } from './worlds.js'

const standard = { Priority: 'default', Conditions: [], Actions: forward('rest') }

function limitsOf (conditions: readonly object[]): readonly Finding[] {
  const rule = { Priority: '10', Conditions: conditions, Actions: forward('a') }
  return runChecks(readRules(JSON.stringify({ Rules: [rule, standard] }))).filter(({ check }) => check === 'limit-exceeded')
}

const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const host = (...values: string[]): object => ({ Field: 'host-header', Values: values })

t.test('six wildcards are where two pages of AWS disagree, seven are too many', async t => {
  t.same(limitsOf([path('/*/*/*/*/*')]), [])
  t.match(limitsOf([path('/*/*/*/*/*/*')]), [{ severity: 'warning', message: /has 6 wildcards.*conditions allows 5.*quotas 6/ }])
  t.match(limitsOf([path('/*/*/*/*/*/*/?')]), [{ severity: 'error', message: /has 7 wildcards/ }])
})

const many = (count: number): object[] => Array.from({ length: count }, (_, at) => ({ Priority: String(at + 1), Conditions: [path(`/p${at}`)], Actions: forward('a') }))

t.test('more than a hundred rules: told of what is there, a warning for what is planned, and the quota can be said', async t => {
  const there = readRules(JSON.stringify({ Rules: [...many(101), standard] }))
  t.match(runChecks(there), [{ check: 'limit-exceeded', severity: 'info', message: /101 rules.*100 are allowed unless/ }])
  t.same(runChecks(there, { rulesMax: 200 }), [])
  t.match(runChecks(there, { rulesMax: 50 }), [{ message: /50 are allowed/ }])
  const resources = [
    resource('aws_lb_listener.l', { arn: 'arn:l', port: 80, protocol: 'HTTP', default_action: [notFound] }),
    ...Array.from({ length: 101 }, (_, at) => resource(`aws_lb_listener_rule.r${at}`, { listener_arn: 'arn:l', priority: at + 1, condition: [pathCondition(`/p${at}`)], action: [forwardAction('arn:g')] }))
  ]
  const severityOf = (document: object): string | undefined => runChecks(readRules(JSON.stringify(document))).find(({ check }) => check === 'limit-exceeded')?.severity
  t.equal(severityOf({ planned_values: { root_module: { resources } } }), 'warning')
  t.equal(severityOf({ values: { root_module: { resources } } }), 'info')
})

t.test('values that AWS refuses are errors that lead to RegexValues', async t => {
  for (const [condition, stranger] of [[path('/v[0-9]/*'), '['], [path('^/x'), '^'], [path('/a%20b'), '%'], [path('/(a|b)'), '('], [path('/ä'), 'ä'], [host('a_b.example.com'), '_']] as const) {
    const [finding, ...more] = limitsOf([condition])
    t.same(more, [], stranger)
    t.match(finding, { severity: 'error', rule: '10', fix: /RegexValues/ }, stranger)
    t.match(finding?.message, `must not contain the character ${stranger}`)
  }
  t.match(limitsOf([host('localhost')]), [{ severity: 'error', message: /a host must contain a dot/ }])
})

t.test('values that AWS takes are none', async t => {
  t.same(limitsOf([path('/A-Za_z0.9$~"\'@:+&', '/x*?')]), [])
  t.same(limitsOf([host('*.example.com', 'A-1.example.com', '*')]), [])
  t.same(limitsOf([{ Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/v[0-9]%'] } }]), [])
  t.same(limitsOf([{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-A', Values: ['[a]^%'] } }]), [])
})
