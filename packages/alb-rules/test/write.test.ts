/** What is written says all that the rules say, or it is refused: nothing is left out in silence. */
import t from 'tap'
import { readRules } from '../src/formats/read.js'
import { writeRules } from '../src/formats/write.js'
import type { RuleSet } from '../src/model.js'
import { forward } from './worlds.js'

const standard = { Priority: 'default', Conditions: [], Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }] }
const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const rule = (priority: number, more: object): object => ({ Priority: priority, Conditions: [path('/x')], Actions: forward('a'), ...more })

function read (...rules: object[]): RuleSet {
  return readRules(JSON.stringify({ Listeners: [{ Name: 'web', Protocol: 'HTTPS', Port: 443, Rules: [...rules, standard] }] }))
}

const group = (name: string, weight: number): object => ({ TargetGroupArn: name, Weight: weight })

/** Everything that Terraform's form has words for. */
const sayable = read(
  rule(1, { Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['*.example'], RegexValues: ['^a$'] } }, path('/a', '/a/*')] }),
  rule(2, { Conditions: [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-A', Values: ['a*'] } }, { Field: 'http-request-method', Values: ['GET'] }] }),
  rule(3, { Conditions: [{ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'k', Value: 'v' }, { Value: 'w' }] } }, { Field: 'source-ip', Values: ['10.0.0.0/8'] }] }),
  rule(4, { Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: [group('a', 90), group('b', 10)] } }] }),
  rule(5, { Actions: [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Host: 'www.#{host}', Port: '443', Path: '/new/#{path}', Query: '', StatusCode: 'HTTP_302' } }] }),
  rule(6, { Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '503', ContentType: 'text/html', MessageBody: '$' + '{"costs"} 5%{' } }] }),
  rule(7, { Conditions: [path('/$' + '{x}/*')] })
)

/** Does with the text of Terraform's JSON what Terraform would: fills in the variables and reads what stands for itself. */
function planned (text: string): string {
  const { resource } = JSON.parse(text) as { resource: { aws_lb_listener_rule: Record<string, object> } }
  const filled = JSON.parse(JSON.stringify(resource.aws_lb_listener_rule), (_, value: unknown) => {
    if (typeof value !== 'string') return value
    return /^\$\{var\.\w+\["(.*)"\]\}$/.exec(value)?.[1] ?? value.replace(/([$%])\1\{/g, '$1{')
  }) as Record<string, object>
  const resources = Object.entries(filled).map(([name, values]) => ({ address: `aws_lb_listener_rule.${name}`, mode: 'managed', type: 'aws_lb_listener_rule', name, values }))
  return JSON.stringify({ planned_values: { root_module: { resources } } })
}

t.test('Terraform: every kind of condition and action comes back as it was', async t => {
  const again = readRules(planned(writeRules(sayable, 'terraform')))
  t.same(again.listeners[0]!.rules.slice(0, -1), sayable.listeners[0]!.rules.slice(0, -1))
})

t.test('Terraform: a text that looks like a template stands for itself', async t => {
  const text = writeRules(sayable, 'terraform')
  t.match(text, '"/$$' + '{x}/*"')
  t.notMatch(text.replace(/\$\{var\.\w+\[\\".*?\\"\]\}/g, ''), /(^|[^$])\$\{/)
})

t.test('Terraform: how callers stay at one of several groups is said', async t => {
  const ruleSet = read(rule(1, { Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: [group('a', 1), group('b', 1)], TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: 60 } } }] }))
  t.match(JSON.parse(writeRules(ruleSet, 'terraform')), { resource: { aws_lb_listener_rule: { web_1: { action: [{ forward: { stickiness: { enabled: true, duration: 60 } } }] } } } })
})

t.test('Terraform: what it has no words for is refused, all of it by name', async t => {
  const login = { Type: 'authenticate-oidc', Order: 1, AuthenticateOidcConfig: { Issuer: 'https://id.example' } }
  const ruleSet = read(
    rule(1, { Conditions: [path('/x'), { Field: 'tls-version', Values: ['1.3'] }] }),
    rule(2, { Actions: [login, { ...forward('a')[0], Order: 2 }] }),
    rule(3, { Actions: [{ Type: 'mirror' }] }),
    rule(4, { Transforms: [{ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: '^/x', Replace: '/' }] } }] })
  )
  t.throws(() => writeRules(ruleSet, 'terraform'), {
    message: 'Terraform\'s form cannot say all of this: tls-version (unknown kind) of rule 1 of web; the oidc action of rule 2 of web; the mirror action of rule 3 of web; the url-rewrite transform of rule 4 of web.'
  })
  t.doesNotThrow(() => writeRules(ruleSet, 'alb'))
})

t.test('Terraform: two listeners that would get one name are refused, since one would hide the other', async t => {
  const listener = (name: string, port: number): object => ({ Name: name, Protocol: 'HTTP', Port: port, Rules: [rule(1, {}), standard] })
  const ruleSet = readRules(JSON.stringify({ Listeners: [listener('a-b', 80), listener('a.b', 81)] }))
  t.throws(() => writeRules(ruleSet, 'terraform'), { message: /several listeners would be called a_b/ })
})

t.test('the table shows every condition, login and rewrite, and has the column for others only where there are any', async t => {
  const plain = writeRules(read(rule(1, {})), 'markdown')
  t.match(plain, '| priority | host | path | goes to | why |\n|---|---|---|---|---|\n| 1 | any | `/x` | `a` |  |\n')
  const login = { Type: 'authenticate-oidc', Order: 1, AuthenticateOidcConfig: { Issuer: 'https://id.example' } }
  const redirect = { Type: 'redirect', Order: 2, RedirectConfig: { Path: '/y', StatusCode: 'HTTP_301' } }
  const text = writeRules(read(
    rule(1, { Conditions: [path('/x'), path('/x|*'), { Field: 'http-request-method', Values: ['GET'] }, { Field: 'tls-version', Values: ['1.3'] }] }),
    rule(2, { Conditions: [{ Field: 'host-header', HostHeaderConfig: { RegexValues: ['^a`b$'] } }], Actions: [login, redirect] })
  ), 'markdown')
  t.match(text, '| priority | host | path | and | goes to | why |\n|---|---|---|---|---|---|\n')
  t.match(text, '| 1 | any | `/x` | `path-pattern /x\\|*`, `http-request-method GET`, `tls-version (unknown kind)` | `a` |')
  t.match(text, '| 2 | regex `` ^a`b$ `` | any |  | `oidc>redirect:301 #{protocol}://#{host}:#{port}/y?#{query}` |')
})

t.test('AWS: load balancers stay apart', async t => {
  const listener = (name: string, balancer: string): object => ({ Name: name, Protocol: 'HTTP', Port: 80, LoadBalancerArn: balancer, Rules: [standard] })
  const ruleSet = readRules(JSON.stringify({ Listeners: [listener('a', 'arn:one'), listener('b', 'arn:two')] }))
  t.same(readRules(writeRules(ruleSet, 'alb')), ruleSet)
})
