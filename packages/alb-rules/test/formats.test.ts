/** Reading and writing of rules: what is understood, what is refused and with which place. */
import { conditionText } from '../src/conditions.js'
import t from 'tap'
import { runChecks } from '../src/checks.js'
import { diffRuleSets } from '../src/diff.js'
import { explain } from '../src/explain.js'
import { readExpectations } from '../src/expectations.js'
import { readRules } from '../src/formats/read.js'
import { writeRules } from '../src/formats/write.js'
import { targetOf, type RuleSet } from '../src/model.js'
import { forward } from './worlds.js'

const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const rule = (more: object = {}): object => ({ Priority: '10', Conditions: [path('/x')], Actions: forward('a'), ...more })
const fixed = { Priority: 'default', Conditions: [], Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }] }

function read (document: unknown): RuleSet {
  return readRules(JSON.stringify(document))
}

function targetsOf (...actions: object[]): string {
  return targetOf(read({ Rules: [rule({ Actions: actions }), fixed] }).listeners[0]!.rules[0]!)
}

t.test('rules come in the order of their numbers, the default last', async t => {
  const { listeners: [listener], notes } = read({ Rules: [fixed, rule({ Priority: '100' }), rule({ Priority: '9' }), rule({ Priority: 20 })] })
  t.same(listener!.rules.map(({ priority }) => priority), ['9', '20', '100', 'default'])
  t.equal(listener!.label, null)
  t.same(notes, [])
})

t.test('a set without a default rule is read as a part of one, and it is said', async t => {
  const { listeners: [listener], notes } = read({ Rules: [rule()] })
  t.equal(targetOf(listener!.rules.at(-1)!), 'none')
  t.match(notes[0], /no default rule/)
})

t.test('values at the condition and in its config are one list', async t => {
  const { listeners: [listener] } = read({ Rules: [rule({ Conditions: [{ Field: 'path-pattern', Values: ['/a', '/b'], PathPatternConfig: { Values: ['/a', '/b', '/c'] }, RegexValues: ['r'], HostHeaderConfig: null }] }), fixed] })
  t.same(listener!.rules[0]!.conditions, [{ kind: 'path-pattern', values: ['/a', '/b', '/c'], regexes: ['r'] }])
})

t.test('every target has its text', async t => {
  const arn = 'arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/mlflow/0123'
  t.equal(targetsOf({ Type: 'forward', TargetGroupArn: arn }), 'mlflow')
  t.equal(targetsOf({ Type: 'forward', TargetGroupArn: 'arn:aws:other/thing' }), 'arn:aws:other/thing')
  t.equal(targetsOf({ Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'b', Weight: 10 }, { TargetGroupArn: 'a', Weight: 90 }, { TargetGroupArn: 'c', Weight: 0 }] } }), 'a:90,b:10')
  t.equal(targetsOf({ Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'a', Weight: 7 }] } }), 'a')
  t.equal(targetsOf({ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', StatusCode: 'HTTP_301' } }), 'redirect:301 https://#{host}:443/#{path}?#{query}')
  t.equal(targetsOf({ Type: 'redirect', RedirectConfig: { Path: '/new', Query: '', StatusCode: 'HTTP_302' } }), 'redirect:302 #{protocol}://#{host}:#{port}/new')
  t.equal(targetsOf({ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }), 'fixed:404')
  const oidc = { Type: 'authenticate-oidc', Order: 1, AuthenticateOidcConfig: { Issuer: 'https://id.example.com' } }
  t.equal(targetsOf({ Type: 'forward', TargetGroupArn: arn, Order: 2 }, oidc), 'oidc>mlflow', 'the routing action is the last by its order')
  t.equal(targetsOf({ Type: 'authenticate-cognito', Order: 1, AuthenticateCognitoConfig: {} }, { Type: 'forward', TargetGroupArn: arn, Order: 2 }), 'cognito>mlflow')
  t.equal(targetsOf({ Type: 'jwt-validation', Order: 1, JwtValidationConfig: { Issuer: 'https://id.example.com' } }, { Type: 'forward', TargetGroupArn: arn, Order: 2 }), 'jwt>mlflow')
  const rewrite = { Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: '^/x', Replace: '/' }] } }
  t.equal(targetOf(read({ Rules: [rule({ Transforms: [rewrite] }), fixed] }).listeners[0]!.rules[0]!), 'a ~rewrite')
})

t.test('a target is the same only where all of it is: body, issuer, rewrite, redirect; weights as shares', async t => {
  const changes = (one: object, other: object): number => diffRuleSets(read({ Rules: [rule(one), fixed] }), read({ Rules: [rule(other), fixed] })).length
  const respond = (body: string): object => ({ Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '200', MessageBody: body } }] })
  const login = (issuer: string, more: object = {}): object => ({ Actions: [{ Type: 'authenticate-oidc', Order: 1, AuthenticateOidcConfig: { Issuer: issuer, ...more } }, { ...forward('a')[0], Order: 2 }] })
  const rewrite = (replace: string): object => ({ Transforms: [{ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: '^/x', Replace: replace }] } }] })
  const weighted = (...weights: Array<[string, number]>): object => ({ Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: weights.map(([name, weight]) => ({ TargetGroupArn: name, Weight: weight })) } }] })
  t.equal(changes(respond('a'), respond('b')), 1)
  t.equal(changes(respond('a'), respond('a')), 0)
  t.equal(changes(login('https://a.example'), login('https://b.example')), 1)
  t.equal(changes(login('https://a.example'), login('https://a.example', { ClientSecret: 'x', Scope: 'openid', SessionTimeout: 604800 })), 0, 'defaults and secrets do not count')
  t.equal(changes(login('https://a.example'), {}), 1, 'a lost login is seen')
  t.equal(changes(rewrite('/'), rewrite('/y')), 1)
  t.equal(changes(rewrite('/'), {}), 1)
  t.equal(changes(weighted(['a', 1], ['b', 3]), weighted(['b', 75], ['c', 0], ['a', 25])), 0)
  t.equal(changes(weighted(['a', 1], ['b', 3]), weighted(['a', 1], ['b', 2])), 1)
  t.equal(changes(weighted(['a', 5]), { Actions: forward('a') }), 0)
})

t.test('bad input is refused with its place', async t => {
  const cases: ReadonlyArray<readonly [document: unknown, message: RegExp]> = [
    [{}, /Rules: there are no rules/],
    [[], /bare list/],
    [{ Rules: [] }, /^Rules: the list is empty/],
    [{ Rules: 'x' }, /^Rules: a list belongs here/],
    [{ Listeners: [] }, /^Listeners: the list is empty/],
    [{ Listeners: [{ Name: 'a', Protocol: 'HTTP', Port: 80 }] }, /^Listeners\[0\]\.Rules: there are no rules/],
    [{ Listeners: [{ Name: 'a', Rules: [] }] }, /^Listeners\[0\]\.Rules: the list is empty/],
    [{ Listeners: [{ Name: 'a', Rules: [fixed] }, { Name: 'a', Rules: [fixed] }] }, /^Listeners\[1\]: a second listener called a/],
    [{ Listeners: [{ Name: 'a', Rules: [fixed] }, { Rules: [fixed] }] }, /^Listeners\[1\]: among several listeners/],
    [{ Listeners: [{ Protocol: 'TCP', Port: 80, Rules: [fixed] }] }, /^Listeners\[0\]\.Protocol/],
    [{ Listeners: [{ Protocol: 'HTTP', Port: 0, Rules: [fixed] }] }, /^Listeners\[0\]\.Port/],
    [{ Rules: [rule(), fixed], NextMarker: 'x' }, /^NextMarker: the answer is one page/],
    [{ Rules: [rule(), fixed], NextToken: 'x' }, /^NextToken: the answer is one page/],
    [{ Listeners: [{ Name: 'a', Rules: [fixed], NextToken: 'x' }] }, /^Listeners\[0\]\.NextToken: the answer is one page/],
    [{ Rules: [rule({ Priority: undefined })] }, /^Rules\[0\]\.Priority: the priority is missing/],
    [{ Rules: [rule(), rule()] }, /^Rules\[1\]\.Priority: 10 is the priority of Rules\[0\] too/],
    [{ Rules: [fixed, fixed] }, /^Rules\[1\]\.Priority: default is/],
    [{ Rules: [rule({ Priority: 'first' })] }, /^Rules\[0\]\.Priority/],
    [{ Rules: [rule({ Priority: '0' })] }, /^Rules\[0\]\.Priority/],
    [{ Rules: [rule({ Priority: '1.5' })] }, /^Rules\[0\]\.Priority/],
    [{ Rules: [rule({ Conditions: [] })] }, /^Rules\[0\]\.Conditions: the list is empty/],
    [{ Rules: [rule({ Conditions: undefined })] }, /^Rules\[0\]\.Conditions: a list is missing/],
    [{ Rules: [{ ...fixed, Conditions: [path('/x')] }] }, /^Rules\[0\]\.Conditions: the default rule/],
    [{ Rules: [rule({ Conditions: [path()] })] }, /^Rules\[0\]\.Conditions\[0\]\.Values: the list is empty/],
    [{ Rules: [rule({ Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: [] } }] })] }, /^Rules\[0\]\.Conditions\[0\]\.PathPatternConfig\.Values: the list is empty/],
    [{ Rules: [rule({ Conditions: [{ Values: ['/x'] }] })] }, /^Rules\[0\]\.Conditions\[0\]\.Field: a text is missing/],
    [{ Rules: [rule({ Conditions: [path(1 as unknown as string)] })] }, /^Rules\[0\]\.Conditions\[0\]\.Values\[0\]: a text belongs here, not 1/],
    [{ Rules: [rule({ Conditions: [{ Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/40'] } }] })] }, /^Rules\[0\]\.Conditions\[0\]\.SourceIpConfig\.Values\[0\]: "10\.0\.0\.0\/40" is not a CIDR range/],
    [{ Rules: [rule({ Conditions: [{ Field: 'http-header', HttpHeaderConfig: { Values: ['a'] } }] })] }, /HttpHeaderName: a text is missing/],
    [{ Rules: [rule({ Conditions: [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'a b', Values: ['a'] } }] })] }, /HttpHeaderName: "a b" is not the name of a header/],
    [{ Rules: [rule({ Conditions: [{ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'a' }] } }] })] }, /Values\[0\]\.Value: a text is missing/],
    [{ Rules: [rule({ Actions: [] })] }, /^Rules\[0\]\.Actions: the list is empty/],
    [{ Rules: [rule({ Actions: [{ Type: 'authenticate-oidc', AuthenticateOidcConfig: {} }] })] }, /^Rules\[0\]\.Actions\[0\]: a forward, redirect or fixed-response action must come last/],
    [{ Rules: [rule({ Actions: [...forward('a'), ...forward('b')] })] }, /^Rules\[0\]\.Actions\[0\]: forward must be the last action/],
    [{ Rules: [rule({ Actions: [{ Type: 'forward' }] })] }, /^Rules\[0\]\.Actions\[0\]\.TargetGroupArn: a text is missing/],
    [{ Rules: [rule({ Actions: [{ Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_308' } }] })] }, /StatusCode: a load balancer redirects with HTTP_301 or HTTP_302 only/],
    [{ Rules: [rule({ Actions: [{ Type: 'redirect', RedirectConfig: { Path: 'x', StatusCode: 'HTTP_301' } }] })] }, /Path: a path begins with/],
    [{ Rules: [rule({ Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '42' } }] })] }, /StatusCode: a fixed response has a status/],
    [{ Rules: [rule({ Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'a', Weight: -5 }] } }] })] }, /Weight: -5 is not a weight/],
    [{ planned_values: { root_module: { resources: Array.from({ length: 10_000 }, (_, at) => ({ address: `aws_lb_listener_rule.r[${at}]`, type: 'aws_lb_listener_rule', name: 'r', values: {} })) } } }, /10000 rules; at most 2000 are read/],
    [{ Rules: Array.from({ length: 10_000 }, (_, at) => rule({ Priority: String(at + 1) })) }, /^Rules: 10000 rules; at most 2000 are read/],
    [{ planned_values: { root_module: { resources: [] } } }, /no aws_lb_listener_rule/],
    [{ format_version: '1.0' }, /neither planned_values nor values/]
  ]
  for (const [document, message] of cases) t.throws(() => read(document), { message }, String(message))
  t.throws(() => readRules(`{"Rules": [{"Priority": "1", "Conditions": [{"Field": "new", "X": ${'['.repeat(100_000)}${']'.repeat(100_000)}}]}]}`), { message: /nested more than 500 levels deep/ })
  t.throws(() => readRules('{"Rules": [}'), { message: /not JSON, line 1, column 12/ })
  t.throws(() => readRules(''), { message: /not JSON/ })
  t.equal(read({ Rules: [...Array.from({ length: 2000 }, (_, at) => rule({ Priority: String(at + 1) })), fixed] }).listeners[0]?.rules.length, 2001, 'the default is not counted')
})

t.test('bad expectations are refused with their place', async t => {
  for (const [text, message] of [
    ['- *x', /cannot be read/], ['- &a [1]\n- *b', /cannot be read/], ['', /a list belongs here/], ['[]', /it is empty/], ['- url: x\n  target: a', /\[0\]: x is not a URL/],
    ['- { url: "http://h/", sourceIp: "300.1.1.1", target: a }', /\[0\]: 300\.1\.1\.1 is not an IP address/], ['- { url: "http://h/", target: a, colour: red }', /\[0\]\.colour/], ['- { url: "http://h/" }', /\[0\]\.target/]
  ] as const) t.throws(() => readExpectations(text), { message }, text)
  t.equal(readExpectations('\uFEFF- { url: "http://h/", target: a }').length, 1, 'a byte order mark is none of it')
})

t.test('kinds that are not known are kept, and never taken for something else', async t => {
  const conditionOf = (condition: object): string => conditionText(read({ Rules: [rule({ Conditions: [condition] }), fixed] }).listeners[0]!.rules[0]!.conditions[0]!)
  t.match(conditionOf({ Field: 'tls-version', Values: ['1.3'] }), /unknown kind/)
  t.match(conditionOf({ Field: 'path-pattern', Values: ['/x'], Negate: true }), /unknown kind/)
  t.match(conditionOf({ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'Host', Values: ['a'] } }), /unknown kind/)
  t.match(conditionOf({ Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET'], RegexValues: ['P.*'] } }), /unknown kind/)
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    t.match(conditionOf({ Field: name, Values: ['x'] }), /unknown kind/, name)
    t.equal(targetsOf({ Type: name }), `unknown:${name}`)
    t.equal(targetsOf({ Type: name, Order: 1 }, { Type: 'forward', Order: 2, TargetGroupArn: 'a' }), `${name}>a`)
  }
  for (const action of [{ Type: 'forward', TargetGroupArn: 'a', Mirror: { To: 'b' } }, { Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'a' }], Mirror: 1 } }, { Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301', Sign: true } }, { Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404', Delay: 5 } }]) {
    t.match(targetsOf(action), /with words that are not known$/, JSON.stringify(action))
  }
})

t.test('a member of a rule that is not known hangs over all that the rule says', async t => {
  const odd = read({ Rules: [rule({ Negate: { Really: true }, RuleArn: 'arn:r', IsDefault: false, Tags: null, Notes: [] }), rule({ Priority: '20', Conditions: [path('/x*')] }), fixed] })
  const findings = runChecks(odd)
  t.match(findings.filter(({ check }) => check === 'unanalysable'), [{ rule: '10', message: /the member Negate/ }])
  t.notOk(findings.some(({ check, severity }) => check === 'partly-shadowed-rule' && severity === 'warning'))
  t.match(explain(odd, { method: 'GET', url: 'http://h.example/x', headers: {} }), { rule: null, candidates: ['10', '20'] })
  t.same(readRules(writeRules(odd, 'alb')), odd)
  const state = read({ values: { root_module: { resources: [{ address: 'aws_lb_listener_rule.x', type: 'aws_lb_listener_rule', name: 'x', values: { listener_arn: 'arn:l', priority: 1, tags: { a: 'b' }, negate: true, condition: [{ path_pattern: [{ values: ['/x'] }] }], action: [{ type: 'forward', target_group_arn: 'arn:g' }] } }] } } })
  t.match(runChecks(state).filter(({ check }) => check === 'unanalysable'), [{ rule: '1', message: /the member negate/ }], 'Terraform too')
  t.match(writeRules(odd, 'alb'), /"Negate": \{\s*"Really": true/)
})

t.test('writing and reading is identity', async t => {
  const forwardTo = (name: string): object[] => [{ Type: 'forward', TargetGroupArn: name }]
  const everything = read({
    Listeners: [
      {
        Name: 'a',
        Protocol: 'HTTP',
        Port: 8080,
        Rules: [
          rule({
            Conditions: [{ Field: 'host-header', HostHeaderConfig: { Values: ['a.example'], RegexValues: ['^b'] } }, { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-A', Values: ['a*'] } }, { Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'k', Value: '\\*' }, { Value: 'v' }] } }, { Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8'] } }, { Field: 'http-request-method', HttpRequestMethodConfig: { Values: ['GET'] } }, { Field: 'new-kind', NewConfig: { A: [1, null, { B: true }] } }],
            Actions: [{ Type: 'authenticate-oidc', Order: 1, AuthenticateOidcConfig: { Issuer: 'https://id.example', SessionTimeout: '60' } }, { Type: 'new-step', Order: 2, X: 1 }, { Type: 'forward', Order: 3, ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'a', Weight: 2 }, { TargetGroupArn: 'b', Weight: 1 }] } }],
            Transforms: [{ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: 'a', Replace: 'b' }] } }]
          }),
          rule({ Priority: '11', Actions: [{ Type: 'new-kind', X: 1 }] }), rule({ Priority: '12', Actions: [{ Type: 'redirect', RedirectConfig: { Protocol: 'HTTPS', Port: '443', Path: '/y', Query: '', StatusCode: 'HTTP_302' } }] }), fixed]
      },
      { Protocol: 'HTTPS', Port: 443, Rules: [fixed] }
    ]
  })
  const odd = read({ Rules: [rule({ Actions: forwardTo('a/b') }), rule({ Priority: '11', Actions: forwardTo('/') }), fixed] })
  t.same(readRules(writeRules(odd, 'alb')), odd, 'names that are none of AWS')
  const again = readRules(writeRules(everything, 'alb'))
  t.same(again, everything)
})
