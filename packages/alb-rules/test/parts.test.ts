/** Documents that hold a part of what decides: listeners that are elsewhere, and plans of what is not there yet. */
import t from 'tap'
import { runChecks } from '../src/checks.js'
import type { Finding } from '../src/check.js'
import { diffRuleSets } from '../src/diff.js'
import { explain } from '../src/explain.js'
import { readRules } from '../src/formats/read.js'
import type { RuleSet } from '../src/model.js'
import { writeRules } from '../src/formats/write.js'
import type { Witness } from '../src/request.js'
import { empty, forwardAction, hostCondition, notFound, pathCondition, references, resource, type Resource } from './terraform-pieces.js'

const listenerArn = 'arn:aws:elasticloadbalancing:eu-central-1:1:listener/app/edge/1/2'
const group = (name: string): string => `arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/${name}/1`

function rule (name: string, priority: number | null, path: string, target: string, more: object = {}): Resource {
  return resource(`aws_lb_listener_rule.${name}`, { listener_arn: listenerArn, priority, condition: [pathCondition(path)], action: [forwardAction(group(target))], ...more })
}

const stateOf = (...resources: Resource[]): RuleSet => readRules(JSON.stringify({ format_version: '1.0', values: { root_module: { resources } } }))
const planOf = (resources: readonly Resource[], more: object = {}): RuleSet => readRules(JSON.stringify({ format_version: '1.2', planned_values: { root_module: { resources } }, ...more }))
const of = (findings: readonly Finding[], check: string): readonly Finding[] => findings.filter(finding => finding.check === check)
const get = (url: string): Witness => ({ method: 'GET', url, headers: {} })

t.test('a listener that is elsewhere: one note, quiet findings, and dead rules stay dead', async t => {
  const part = stateOf(rule('svc', 10, '/svc/*', 'svc'), rule('dead', 20, '/svc/x', 'other'))
  t.equal(part.notes.length, 1)
  t.match(part.notes[0], /no default rule.* not seen/)
  const findings = runChecks(part)
  t.match(of(findings, 'unreachable-rule'), [{ severity: 'error', rule: '20', by: ['10'], differentTarget: true }])
  const [bare] = of(findings, 'bare-path-missing')
  t.match(bare, { severity: 'info', rule: '10' })
  t.notMatch(bare!.message, /none/)
})

t.test('what no rule of a part takes is not claimed to go anywhere', async t => {
  const part = stateOf(rule('svc', 10, '/svc/*', 'svc'))
  t.match(explain(part, get('http://h.example/svc/x')), { rule: '10', target: 'svc' })
  t.match(explain(part, get('http://h.example/svc')), { rule: null, target: 'unknown', candidates: ['default'], undecided: true, because: [/not in it/] })
})

t.test('a host of a part is not said to fall to "none"', async t => {
  const findings = runChecks(stateOf(rule('svc', 10, '/svc', 'svc', { condition: [hostCondition('a.example.com'), pathCondition('/svc')] })))
  t.match(of(findings, 'host-falls-to-default'), [{ severity: 'info', message: /not seen here/ }])
  t.notMatch(JSON.stringify(findings), /none/)
})

t.test('a data source of a listener gives its protocol, port and default, and other rules are still not seen', async t => {
  const data = { ...resource('aws_lb_listener.https', { arn: listenerArn, load_balancer_arn: 'arn:lb/edge', port: 443, protocol: 'HTTPS', default_action: [notFound] }), address: 'data.aws_lb_listener.https', mode: 'data' }
  for (const ruleSet of [
    stateOf(data, rule('svc', 10, '/svc/*', 'svc')),
    planOf([rule('svc', 10, '/svc/*', 'svc')], { prior_state: { format_version: '1.0', values: { root_module: { resources: [data] } } } })
  ]) {
    t.match(ruleSet.listeners, [{ label: 'HTTPS:443', protocol: 'HTTPS', port: 443, balancer: 'arn:lb/edge', isPart: true, rules: [{ priority: '10' }, { priority: 'default', action: { kind: 'fixed-response' } }] }])
    t.equal(ruleSet.notes.length, 1)
    t.match(of(runChecks(ruleSet), 'bare-path-missing'), [{ severity: 'info', message: /not seen/ }])
  }
  t.equal(stateOf({ ...data }, resource('aws_lb_listener.own', { port: 80, protocol: 'HTTP', default_action: [notFound] })).listeners.length, 1, 'one that no rule belongs to is not of interest')
})

t.test('HTTP and HTTPS in parts: a difference that hangs on an unseen default is info', async t => {
  const data = (name: string, port: number, protocol: string, actions: object[]): Resource => ({ ...resource(`aws_lb_listener.${name}`, { arn: `arn:${name}`, load_balancer_arn: 'arn:lb', port, protocol, default_action: actions }), address: `data.aws_lb_listener.${name}`, mode: 'data' })
  const on = (name: string, path: string, target: string): Resource => resource(`aws_lb_listener_rule.${name}_${target}`, { listener_arn: `arn:${name}`, priority: 10, condition: [pathCondition(path)], action: [forwardAction(group(target))] })
  const listeners = [data('http', 80, 'HTTP', [notFound]), data('https', 443, 'HTTPS', [notFound])]
  t.match(of(runChecks(stateOf(...listeners, on('http', '/a', 'a'), on('https', '/z', 'z'))), 'listener-divergence'), [{ severity: 'info' }])
  t.match(of(runChecks(stateOf(...listeners, on('http', '/a', 'a'), on('https', '/a', 'b'))), 'listener-divergence'), [{ severity: 'warning', rule: '10' }])
})

t.test('a rule without a priority stands after the numbered ones, and all else is analysed', async t => {
  const plan = planOf([rule('next', null, '/a/*', 'next'), rule('one', 10, '/a/x', 'one'), rule('two', 20, '/a/x', 'two')])
  const name = 'aws_lb_listener_rule.next'
  t.same(plan.listeners[0]!.rules.map(({ priority }) => priority), ['10', '20', name, 'default'])
  const findings = runChecks(plan)
  t.match(of(findings, 'unanalysable'), [{ rule: name, message: /no priority before the plan is applied/ }])
  t.match(of(findings, 'unreachable-rule'), [{ rule: '20', by: ['10'] }])
  t.match(of(findings, 'partly-shadowed-rule'), [{ rule: name, by: ['10'], severity: 'info' }])
  t.match(explain(plan, get('http://h.example/a/y')), { rule: name, target: 'next' })
  t.throws(() => stateOf(rule('next', null, '/a', 'next')), { message: /priority is missing/ }, 'in a state each rule has one')
})

t.test('several rules without a priority: nobody knows which comes first', async t => {
  const plan = planOf([rule('a', null, '/x/*', 'a'), rule('b', null, '/*', 'b'), rule('c', null, '/x/1', 'c')])
  const names = ['a', 'b', 'c'].map(name => `aws_lb_listener_rule.${name}`)
  const findings = runChecks(plan)
  t.same(of(findings, 'unanalysable').map(({ rule: priority }) => priority), names)
  t.same(findings.filter(({ check }) => check === 'partly-shadowed-rule' || check === 'unreachable-rule'), [], 'nothing is claimed of their order')
  t.match(explain(plan, get('http://h.example/x/2')), { rule: null, candidates: names.slice(0, 2), because: [/order of the rules/] })
  t.match(explain(plan, get('http://h.example/y')), { rule: names[1], target: 'b' })
  const covered = planOf([rule('a', null, '/x/1', 'a'), rule('b', 5, '/x/*', 'b'), rule('c', null, '/x/2', 'c')])
  t.same(of(runChecks(covered), 'unreachable-rule').map(({ rule: priority, by }) => [priority, by]), [[names[0], ['5']], [names[2], ['5']]], 'what a numbered rule takes they never get')
})

t.test('a priority that another resource has to tell can be anywhere', async t => {
  const expressions = { priority: references('random_integer.p.result', 'random_integer.p') }
  const configuration = { root_module: { resources: [{ type: 'aws_lb_listener_rule', name: 'x', expressions }] } }
  const plan = planOf([rule('x', null, '/a', 'x'), rule('one', 10, '/a', 'one')], { configuration })
  t.match(explain(plan, get('http://h.example/a')), { rule: null, candidates: ['10', 'aws_lb_listener_rule.x'] })
  t.same(of(runChecks(plan), 'unreachable-rule'), [])
  const each = { root_module: { resources: [{ type: 'aws_lb_listener_rule', name: 'x', expressions: { priority: references('each.value.priority', 'each.value') } }] } }
  t.match(explain(planOf([rule('x', null, '/a', 'x'), rule('one', 10, '/a', 'one')], { configuration: each }), get('http://h.example/a')), { rule: '10' })
})

t.test('a rule without a number cannot be written as AWS prints it, and Terraform leaves it out', async t => {
  const plan = planOf([rule('next', null, '/a', 'next')])
  t.throws(() => writeRules(plan, 'alb'), { message: /aws_lb_listener_rule\.next has no priority/ })
  t.notMatch(writeRules(plan, 'terraform'), /"priority"/)
})

t.test('a rule whose listener is not known yet is a group of its own, and does not stand in the way', async t => {
  const plan = planOf([
    ...['http', 'https'].map((key, at) => resource(`aws_lb_listener.this["${key}"]`, { port: at === 0 ? 80 : 443, protocol: key.toUpperCase(), default_action: [notFound] }, key)),
    ...['a', 'b'].map(key => resource(`aws_lb_listener_rule.r["${key}"]`, { priority: 1, condition: [pathCondition('/x')], action: [forwardAction(group(key))] }, key))
  ], { configuration: { root_module: { resources: [{ type: 'aws_lb_listener_rule', name: 'r', expressions: { listener_arn: references('aws_lb_listener.this', 'each.value.listener_key', 'each.value') } }] } } })
  t.same(plan.listeners.map(({ label }) => label), ['HTTP:80', 'HTTPS:443', 'aws_lb_listener_rule.r["a"]', 'aws_lb_listener_rule.r["b"]'])
  t.same(plan.notes, [])
  t.match(of(runChecks(plan), 'unanalysable'), [{ rule: '1', message: /listener that is known only when the plan is applied/ }, { rule: '1' }])
  t.match(explain(plan, get('https://h.example/x')), { listener: 'HTTPS:443', rule: 'default', target: 'fixed:404' })
})

const login = (issuer: string | null): object => ({ ...empty, type: 'authenticate-oidc', order: 1, authenticate_oidc: [{ issuer, client_id: 'c', on_unauthenticated_request: 'deny', scope: 'openid' }] })

t.test('what a login is told later does not hide where requests go', async t => {
  const plan = (name: string, target = 'web') => rule(name, 10, '/a', target, { action: [login(null), { ...forwardAction(group(target)), order: 2 }] })
  const unknown = (name: string) => ({ address: `aws_lb_listener_rule.${name}`, change: { after_unknown: { action: [{ authenticate_oidc: [{ issuer: true, on_unauthenticated_request: true }] }, {}] } } })
  const after = planOf([plan('x')], { resource_changes: [unknown('x')] })
  t.match(explain(after, get('http://h.example/a')), { rule: '10', target: 'oidc>web' })
  t.same(of(runChecks(after), 'unanalysable'), [])
  const before = stateOf(rule('x', 10, '/a', 'web', { action: [login('https://id.example'), { ...forwardAction(group('web')), order: 2 }] }))
  t.match(diffRuleSets(before, after), [{ before: 'oidc>web', after: 'oidc>web', undecided: 'unreadable' }])
  t.same(diffRuleSets(after, after), [])
  const moved = planOf([plan('x', 'api')], { resource_changes: [unknown('x')] })
  t.equal(diffRuleSets(before, moved)[0]?.undecided, undefined, 'another target is certain')
})

t.test('bodies and stickiness that are known later stay open, redirects and groups do not', async t => {
  const fixed = { ...empty, type: 'fixed-response', fixed_response: [{ content_type: 'text/plain', status_code: '404' }] }
  const plan = planOf([rule('x', 10, '/a', '', { action: [fixed] })], { resource_changes: [{ address: 'aws_lb_listener_rule.x', change: { after_unknown: { action: [{ fixed_response: [{ message_body: true }] }] } } }] })
  t.match(explain(plan, get('http://h.example/a')), { target: 'fixed:404' })
})

t.test('two logins that are made of the same are the same, and of two others nobody can say', async t => {
  const both = ['x', 'y']
  const unknown = both.map(name => ({ address: `aws_lb_listener_rule.${name}`, change: { after_unknown: { action: [{ authenticate_oidc: [{ issuer: true }] }, {}] } } }))
  const resources = both.map((name, at) => rule(name, 10 * (at + 1), '/a', 'web', { action: [login(null), { ...forwardAction(group('web')), order: 2 }] }))
  const made = (issuers: readonly string[]) => ({ root_module: { resources: both.map((name, at) => ({ type: 'aws_lb_listener_rule', name, expressions: { action: [{ authenticate_oidc: [{ issuer: references(issuers[at]!) }] }] } })) } })
  const dead = (issuers: readonly string[]): readonly Finding[] => runChecks(planOf(resources, { resource_changes: unknown, configuration: made(issuers) }))
  t.match(of(dead(['p.issuer', 'p.issuer']), 'unreachable-rule'), [{ rule: '20', severity: 'warning', differentTarget: false }])
  t.same(of(dead(['p.issuer', 'p.issuer']), 'unanalysable'), [])
  t.match(of(dead(['p.issuer', 'q.issuer']), 'unanalysable'), [{ rule: '20' }])
})
