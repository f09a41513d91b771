/** Comparing: one plan with what it found, and what differs where targets go by one name. */
import t from 'tap'
import { diffRuleSets } from '../src/diff.js'
import { readPlannedChange, readRules } from '../src/formats/read.js'
import { empty, forwardAction, notFound, pathCondition, resource, type Resource } from './terraform-pieces.js'
import { forward } from './worlds.js'

const group = (name: string): string => `arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/${name}/1`
const listener = resource('aws_lb_listener.https', { arn: 'arn:l', load_balancer_arn: 'arn:lb', port: 443, protocol: 'HTTPS', default_action: [notFound] })
const rule = (priority: number, path: string, target: string, action: object = forwardAction(group(target))): Resource => resource(`aws_lb_listener_rule.r${priority}`, { listener_arn: 'arn:l', priority, condition: [pathCondition(path)], action: [action] })
const values = (...resources: Resource[]): object => ({ root_module: { resources } })
const plan = (before: object | undefined, after: object): string => JSON.stringify({ format_version: '1.2', planned_values: after, ...before === undefined ? {} : { prior_state: { format_version: '1.0', values: before } } })
const changesOf = (text: string) => diffRuleSets(...readPlannedChange(text))

t.test('a plan is compared with the state that it found', async t => {
  t.match(changesOf(plan(values(listener, rule(10, '/a', 'a')), values(listener, rule(10, '/a', 'b')))), [{ listener: 'HTTPS:443', before: 'a', after: 'b', rules: { before: '10', after: '10' }, witness: { url: /\/a$/ } }])
  t.same(changesOf(plan(values(listener, rule(10, '/a', 'a')), values(listener, rule(10, '/a', 'a')))), [])
})

t.test('what is all new or all gone is a change from or to none', async t => {
  for (const before of [undefined, values()]) t.match(changesOf(plan(before, values(listener))), [{ before: 'none', after: 'fixed:404', rules: { before: null, after: 'default' } }])
  t.match(changesOf(plan(values(listener), values())), [{ before: 'fixed:404', after: 'none' }])
  t.same(changesOf(plan(values(), values())), [], 'a plan that has nothing to do with rules changes none')
})

t.test('what is no plan is refused, and told what to give', async t => {
  const state = JSON.stringify({ format_version: '1.0', values: values(listener) })
  t.throws(() => readPlannedChange(state), { message: /give BEFORE and AFTER/ })
  t.throws(() => readPlannedChange('{"Rules": []}'), { message: /give BEFORE and AFTER/ })
})

const read = (actions: object[], more: object = {}) => readRules(JSON.stringify({ Rules: [{ Priority: '1', Conditions: [{ Field: 'path-pattern', Values: ['/a'] }], Actions: actions, ...more }, { Priority: 'default', Conditions: [], Actions: forward('d') }] }))
const login = (more: object): object[] => [{ Type: 'authenticate-oidc', Order: 1, AuthenticateOidcConfig: { Issuer: 'https://id.example', ...more } }, { ...forward('a')[0], Order: 2 }]
const weighted = (more: object): object[] => [{ Type: 'forward', ForwardConfig: { TargetGroups: ['a', 'b'].map(name => ({ TargetGroupArn: group(name), Weight: 1 })), ...more } }]
const sticky = (seconds: number): object => ({ TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: seconds } })
const fixed = (more: object): object[] => [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404', ...more } }]
const rewrite = (to: string): object => ({ Transforms: [{ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: '^/a', Replace: to }] } }] })

for (const [name, before, after, differs] of [
  ['stickiness that is new', read(weighted({})), read(weighted(sticky(60))), ['stickiness']],
  ['another time of stickiness', read(weighted(sticky(60))), read(weighted(sticky(61))), ['stickiness']],
  ['the scope of a login', read(login({})), read(login({ Scope: 'openid email' })), ['login scope']],
  ['more of a login', read(login({})), read(login({ OnUnauthenticatedRequest: 'deny', SessionTimeout: 5 })), ['login on unauthenticated request', 'login session timeout']],
  ['a body', read(fixed({})), read(fixed({ MessageBody: 'no', ContentType: 'text/html' })), ['body', 'content type']],
  ['a rewrite', read(forward('a').slice(), rewrite('/b')), read(forward('a').slice(), rewrite('/c')), ['rewrite']]
] as const) {
  t.test(`one name and another target: ${name}`, async t => {
    const [change, ...more] = diffRuleSets(before, after)
    t.same(more, [])
    t.equal(change?.before, change?.after)
    t.same([...change?.differs ?? []].sort(), [...differs].sort())
  })
}

t.test('targets with two names tell by these what differs', async t => {
  t.equal(diffRuleSets(read(fixed({})), read(forward('b').slice()))[0]?.differs, undefined)
})

t.test('stickiness is read from Terraform too, and what is off or empty is not there', async t => {
  const weights = (stickiness: object[]): object => ({ ...empty, type: 'forward', forward: [{ stickiness, target_group: [{ arn: group('a'), weight: 1 }, { arn: group('b'), weight: 1 }] }] })
  const planned = (stickiness: object[]): object => values(listener, rule(10, '/a', '', weights(stickiness)))
  t.match(changesOf(plan(planned([]), planned([{ enabled: true, duration: 60 }]))), [{ differs: ['stickiness'] }])
  t.same(changesOf(plan(planned([]), planned([{ enabled: false, duration: 60 }]))), [])
  t.same(changesOf(plan(planned([{ enabled: true, duration: 60 }]), planned([{ enabled: true, duration: 60 }]))), [])
})

t.test('an empty map in a login is absent, in Terraform and as AWS prints it', async t => {
  t.same(diffRuleSets(read(login({})), read(login({ AuthenticationRequestExtraParams: {} }))), [])
  const asked = (extra: object | null): object => values(listener, resource('aws_lb_listener_rule.x', { listener_arn: 'arn:l', priority: 1, condition: [pathCondition('/a')], action: [{ ...empty, type: 'authenticate-oidc', order: 1, authenticate_oidc: [{ issuer: 'https://id.example', authentication_request_extra_params: extra }] }, { ...forwardAction(group('a')), order: 2 }] }))
  t.same(changesOf(plan(asked({}), asked(null))), [])
  t.match(changesOf(plan(asked({ prompt: 'login' }), asked(null))), [{ differs: ['login authentication request extra params'] }])
})
