/** The files that people have: each is read, or told what makes one that can be. */
import t from 'tap'
import { stringify } from 'yaml'
import { runChecks } from '../src/checks.js'
import { diffRuleSets } from '../src/diff.js'
import { readExpectations, testRuleSet } from '../src/expectations.js'
import { explain } from '../src/explain.js'
import { readRules } from '../src/formats/read.js'
import { writeRules } from '../src/formats/write.js'
import { targetOf, type RuleSet } from '../src/model.js'
import { forwardAction, notFound, pathCondition } from './terraform-pieces.js'
import { forward } from './worlds.js'

const read = (document: unknown): RuleSet => readRules(JSON.stringify(document))
const summary = ({ listeners }: RuleSet): string[][] => listeners.map(({ label, rules }) => [label ?? '', ...rules.map(rule => `${rule.priority} ${targetOf(rule)}`)])
const ask = (rules: RuleSet, url: string) => explain(rules, { method: 'GET', url, headers: {} })

const rule = (priority: string, path: string, target: string): object => ({ RuleArn: `arn:rule/${priority}`, Priority: priority, Conditions: [{ Field: 'path-pattern', Values: [path] }], Actions: forward(target), IsDefault: false })
const standard = { RuleArn: 'arn:rule/d', Priority: 'default', Conditions: [], Actions: forward('rest'), IsDefault: true }
const balancer = (name: string): string => `arn:aws:elasticloadbalancing:eu-central-1:1:loadbalancer/app/${name}/50dc6c495c0c9188`
const listener = (name: string, port: number, more: object = {}): object => ({ ListenerArn: `${balancer(name).replace('loadbalancer', 'listener')}/${port}`, LoadBalancerArn: balancer(name), Port: port, Protocol: port === 80 ? 'HTTP' : 'HTTPS', SslPolicy: 'ELBSecurityPolicy-2016-08', Certificates: [{ CertificateArn: 'arn:c' }], DefaultActions: forward('rest'), ...more })

t.test('describe-listeners: default rules alone are a part, and the sentence tells how to get the others', async t => {
  const bare = read({ Listeners: [listener('edge', 80), listener('edge', 443)] })
  t.same(summary(bare), [['HTTP:80', 'default rest'], ['HTTPS:443', 'default rest']])
  t.ok(bare.listeners.every(({ isPart }) => isPart))
  t.match(bare.notes.join('\n'), /aws elbv2 describe-rules --listener-arn ARN/)
})

t.test('describe-listeners with rules put in: its default stands where the rules name none', async t => {
  t.same(summary(read({ Listeners: [listener('edge', 443, { Rules: [rule('10', '/a', 'a')] })] })), [['HTTPS:443', '10 a', 'default rest']])
  t.same(summary(read({ Listeners: [listener('edge', 443, { Rules: [rule('10', '/a', 'a'), { ...standard, Actions: forward('own') }] })] })), [['HTTPS:443', '10 a', 'default own']])
  t.same(read({ Listeners: [listener('edge', 443, { Rules: [standard] })] }).notes, [])
})

t.test('a bare list is what --query prints: rules, or listeners', async t => {
  t.same(summary(read([rule('10', '/a', 'a'), standard])), [['', '10 a', 'default rest']])
  t.same(summary(read([listener('edge', 443)])), [['HTTPS:443', 'default rest']])
  for (const wrong of [[], [1], ['/a'], [[]], [{ Name: 'x' }]]) t.throws(() => read(wrong), { message: /bare list of something else/ }, JSON.stringify(wrong))
  t.throws(() => read([rule('10', '/a', 'a'), { ...rule('10', '/b', 'b') }]), { message: /^Rules\[1\]\.Priority/ }, 'places are as in the object')
})

t.test('listeners of two load balancers with one protocol and port are told apart by their ARNs', async t => {
  const two = read({ Listeners: [listener('edge', 443, { Rules: [rule('1', '/a', 'a'), standard] }), listener('inner', 443, { Rules: [rule('1', '/a', 'b'), standard] })] })
  t.same(two.listeners.map(({ label }) => label), ['edge/HTTPS:443', 'inner/HTTPS:443'])
  t.throws(() => ask(two, 'https://h.example/a'), { message: /name one of edge\/HTTPS:443, inner\/HTTPS:443/ })
  t.match(explain(two, { method: 'GET', url: 'https://h.example/a', headers: {} }, 'inner/HTTPS:443'), { target: 'b' })
  t.match(explain(two, { method: 'GET', url: 'https://h.example/a', headers: {} }, `${balancer('edge').replace('loadbalancer', 'listener')}/443`), { target: 'a' })
  t.same(diffRuleSets(two, two), [])
  t.same(readRules(writeRules(two, 'alb')), two)
  const same = read({ Listeners: [listener('edge', 443, { ListenerArn: 'arn:one' }), listener('edge', 443, { ListenerArn: 'arn:two' })] })
  t.same(same.listeners.map(({ label }) => label), ['arn:one', 'arn:two'])
})

t.test('expectations name the listener where the URL does not tell it', async t => {
  const two = read({ Listeners: [listener('edge', 443, { Rules: [rule('1', '/a', 'a'), standard] }), listener('inner', 443, { Rules: [rule('1', '/a', 'b'), standard] })] })
  const text = '- { url: "https://h.example/a", listener: edge/HTTPS:443, target: a }\n- { url: "https://h.example/a", listener: inner/HTTPS:443, target: b }\n'
  t.match(testRuleSet(two, readExpectations(text)), { passed: 2, missed: [], unreached: [] })
  t.match(testRuleSet(two, readExpectations('- { url: "https://h.example/a", listener: other, target: a }')), { missed: [{ actual: /no listener other/ }] })
})

const stored = (type: string, name: string, attributes: object, more: object = {}): object => ({ mode: 'managed', type, name, provider: 'provider["registry.terraform.io/hashicorp/aws"]', instances: [{ schema_version: 0, attributes }], ...more })

t.test('terraform.tfstate itself is a state', async t => {
  const state = {
    version: 4,
    terraform_version: '1.9.0',
    serial: 3,
    lineage: '6f6f',
    outputs: {},
    resources: [
      stored('aws_lb_listener', 'https', { arn: 'arn:l', load_balancer_arn: balancer('edge'), port: 443, protocol: 'HTTPS', default_action: [notFound] }, { mode: 'data' }),
      stored('aws_lb_target_group', 'web', { arn: 'arn:g', name: 'web' }, { module: 'module.web' }),
      { ...stored('aws_lb_listener_rule', 'r', {}), instances: ['a', 'b'].map((key, at) => ({ index_key: key, attributes: { listener_arn: 'arn:l', priority: at + 1, condition: [pathCondition(`/${key}`)], action: [forwardAction('arn:g')] } })) }
    ]
  }
  t.same(summary(read(state)), [['HTTPS:443', '1 web', '2 web', 'default fixed:404']])
  t.throws(() => read({ ...state, resources: [{ ...state.resources[2], instances: [{ index_key: 0, attributes: { listener_arn: 'arn:l' } }] }] }), { message: /^aws_lb_listener_rule\.r\[0\]\.priority/ })
})

/** What a template is told when it is used. */
const hostName = '$' + '{Host}.example.com'

const template = {
  AWSTemplateFormatVersion: '2010-09-09',
  Parameters: { Host: { Type: 'String' } },
  Resources: {
    Balancer: { Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer', Properties: { Type: 'application' } },
    Web: { Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Properties: { Name: 'web-group', Port: 80 } },
    Api: { Type: 'AWS::ElasticLoadBalancingV2::TargetGroup', Properties: { Port: 80 } },
    Https: { Type: 'AWS::ElasticLoadBalancingV2::Listener', Properties: { LoadBalancerArn: { Ref: 'Balancer' }, Port: 443, Protocol: 'HTTPS', DefaultActions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: 404 } }] } },
    One: { Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: { ListenerArn: { 'Fn::GetAtt': ['Https', 'ListenerArn'] }, Priority: 10, Conditions: [{ Field: 'path-pattern', PathPatternConfig: { Values: ['/web', '/web/*'] } }], Actions: [{ Type: 'forward', TargetGroupArn: { Ref: 'Web' } }] } },
    Two: { Type: 'AWS::ElasticLoadBalancingV2::ListenerRule', Properties: { ListenerArn: { Ref: 'Https' }, Priority: '20', Conditions: [{ Field: 'host-header', Values: [{ 'Fn::Sub': hostName }, 'api.example.com'] }, { Field: 'path-pattern', Values: ['/web/x'] }], Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: { Ref: 'Api' }, Weight: 1 }] } }] } }
  }
}

t.test('CloudFormation: references are names, and what they stand for in a condition is not decided', async t => {
  const rules = read(template)
  t.same(summary(rules), [['HTTPS:443', '10 web-group', '20 Api', 'default fixed:404']])
  t.equal(rules.isPlan, true)
  t.match(runChecks(rules).filter(({ check }) => check === 'unreachable-rule'), [{ rule: '20', by: ['10'] }], 'dead whatever the host is')
  t.match(runChecks(rules).filter(({ check }) => check === 'unanalysable'), [{ rule: '20', message: /\$\{Host\}\.example\.com/ }])
  t.throws(() => writeRules(rules, 'alb'), { message: /cannot say all of this: host-header/ })
  t.throws(() => writeRules(rules, 'terraform'), { message: /cannot say all of this: host-header/ })
  t.match(writeRules(rules, 'markdown'), /not known yet: `\$\{Host\}\.example\.com`/)
})

t.test('CloudFormation in YAML: short forms, numbers, and the same rules', async t => {
  const yaml = stringify(template).replace('Ref: Web', '!Ref Web').replace(/TargetGroupArn:\s+!Ref Web/, 'TargetGroupArn: !Ref Web')
    .replace(/Fn::GetAtt:\s+- Https\s+- ListenerArn/, '!GetAtt Https.ListenerArn').replace(/ListenerArn:\s+!GetAtt/, 'ListenerArn: !GetAtt')
  t.match(yaml, /TargetGroupArn: !Ref Web/)
  t.match(yaml, /ListenerArn: !GetAtt Https/)
  t.same(readRules(yaml), read(template))
  const sub = readRules(yaml.replace(/- Fn::Sub: \$\{Host\}\.example\.com/, `- !Sub '${hostName}'`))
  t.same(sub, read(template))
})

const made = (more: object, attributes: object = {}): RuleSet => {
  const { Https, One } = template.Resources
  return read({ Resources: { Https, One: { ...One, ...attributes, Properties: { ...One.Properties, ...more } } } })
}

t.test('CloudFormation: what is not told is unanalysable, never guessed', async t => {
  const unanalysable = (rules: RuleSet): boolean => runChecks(rules).some(({ check }) => check === 'unanalysable')
  t.notOk(unanalysable(made({})))
  for (const more of [
    { Priority: { Ref: 'Number' } }, { Conditions: [{ 'Fn::If': ['Prod', { Field: 'path-pattern', Values: ['/a'] }, { Ref: 'AWS::NoValue' }] }] }, { Conditions: { Ref: 'All' } },
    { Conditions: [{ Field: 'path-pattern', Values: { 'Fn::Split': [',', { Ref: 'Paths' }] } }] }, { Conditions: [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: { Ref: 'Name' }, Values: ['a'] } }] },
    { Conditions: [{ Field: 'query-string', QueryStringConfig: { Values: [{ Key: 'a', Value: { Ref: 'Value' } }] } }] }, { Conditions: [{ Field: 'source-ip', SourceIpConfig: { Values: [{ Ref: 'Office' }] } }] },
    { Actions: { Ref: 'Acts' } }, { Actions: [{ 'Fn::If': ['Prod', {}, {}] }] }, { Actions: [{ Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_301', Host: { Ref: 'Host' } } }] }
  ]) t.ok(unanalysable(made(more)), JSON.stringify(more))
  t.ok(unanalysable(made({}, { Condition: 'IsProd' })), 'a rule that may not be there')
  t.match(ask(made({ Priority: { Ref: 'Number' } }), 'https://h.example/web'), { rule: 'One', target: 'Web' })
  t.match(made({ ListenerArn: { Ref: 'SharedListener' } }).listeners[1], { label: 'SharedListener', isPart: true, rules: [{ priority: '10' }, { priority: 'default' }] })
  t.match(made({ ListenerArn: { 'Fn::ImportValue': 'shared-listener' } }).listeners[1], { label: 'ImportValue shared-listener', isPart: true })
  t.throws(() => made({ Priority: undefined }), { message: /^Resources\.One\.Properties\.Priority/ })
  t.throws(() => read({ Resources: { Bucket: { Type: 'AWS::S3::Bucket' } } }), { message: /no AWS::ElasticLoadBalancingV2::Listener/ })
})

const model = {
  id: 'shop/web',
  resources: {
    'AWS::ElasticLoadBalancingV2::LoadBalancer': { LoadBalancer: { spec: { name: 'k8s-shop-web', type: 'application' } } },
    'AWS::ElasticLoadBalancingV2::TargetGroup': { 'shop/web-svc:http': { spec: { name: 'k8s-shop-svc', port: 1, protocol: 'HTTP' } } },
    'AWS::ElasticLoadBalancingV2::Listener': { 443: { spec: { loadBalancerARN: { $ref: '#/resources/AWS::ElasticLoadBalancingV2::LoadBalancer/LoadBalancer/status/loadBalancerARN' }, port: 443, protocol: 'HTTPS', defaultActions: [{ type: 'fixed-response', fixedResponseConfig: { contentType: 'text/plain', statusCode: '404' } }] } } },
    'AWS::ElasticLoadBalancingV2::ListenerRule': {
      '443:1': { spec: { listenerARN: { $ref: '#/resources/AWS::ElasticLoadBalancingV2::Listener/443/status/listenerARN' }, priority: 1, tags: { a: 'b' }, conditions: [{ field: 'host-header', hostHeaderConfig: { values: ['shop.example.com'] } }, { field: 'source-ip', sourceIPConfig: { values: ['10.0.0.0/8'] } }, { field: 'http-header', httpHeaderConfig: { httpHeaderName: 'X-A', values: ['a'] } }], actions: [{ type: 'authenticate-cognito', authenticateCognitoConfig: { userPoolARN: 'arn:p', userPoolClientID: 'c', userPoolDomain: 'd' } }, { type: 'forward', forwardConfig: { targetGroups: [{ targetGroupARN: { $ref: '#/resources/AWS::ElasticLoadBalancingV2::TargetGroup/shop/web-svc:http/status/targetGroupARN' }, weight: 1 }] } }] } }
    }
  }
}

t.test('the model of aws-load-balancer-controller: AWS\'s words in another spelling', async t => {
  const rules = read(model)
  t.same(summary(rules), [['HTTPS:443', '1 cognito>k8s-shop-svc', 'default fixed:404']])
  t.same(rules.listeners[0]?.rules[0]?.conditions.map(({ kind }) => kind), ['host-header', 'source-ip', 'http-header'])
  t.match(rules.listeners[0]?.rules[0]?.steps[0]?.text, '"UserPoolArn":"arn:p","UserPoolClientId":"c"')
  t.equal(rules.listeners[0]?.balancer, 'k8s-shop-web')
  t.same(runChecks(rules).filter(({ check }) => check === 'unanalysable'), [])
})

t.test('the log of the controller: the last line with a model counts, and of several Ingresses one has to be chosen', async t => {
  const line = (id: string): string => JSON.stringify({ level: 'info', msg: 'successfully built model', model: JSON.stringify({ ...model, id }) })
  t.same(readRules(line('shop/web')), read(model))
  t.same(readRules(`${JSON.stringify({ level: 'info', msg: 'starting' })}\n${line('shop/web')}\n${line('shop/web')}\n`), read(model))
  t.throws(() => readRules(`${line('shop/web')}\n${line('shop/api')}\n`), { message: /models of shop\/web, shop\/api/ })
})

t.test('the AWS CLI\'s YAML is its JSON', async t => {
  t.same(readRules(stringify({ Rules: [rule('10', '/a', 'a'), standard] })), read({ Rules: [rule('10', '/a', 'a'), standard] }))
})

for (const [name, text, sentence] of [
  ['HCL', 'resource "aws_lb_listener_rule" "a" {\n  priority = 10\n}\n', /terraform show -json plan\.out > plan\.json/],
  ['HCL that begins with something else', '# rules\nterraform {\n  required_version = "1"\n}\n', /terraform plan -out plan\.out/],
  ['Terraform\'s configuration in JSON', '{"resource": {"aws_lb_listener_rule": {}}}', /terraform plan -out plan\.out/],
  ['a saved plan', 'PK\u0003\u0004\u0014', /terraform show -json FILE/],
  ['a plan for people', 'Terraform will perform the following actions:\n\n  # aws_lb_listener_rule.a will be created\n', /terraform show -json/],
  ['an Ingress', 'apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n', /kubectl logs/],
  ['an Ingress as JSON', '{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "spec": {}}', /kubectl logs/],
  ['a table of the AWS CLI', '-------\n|   DescribeRules  |\n+------+\n', /--output json/],
  ['text of the AWS CLI', 'RULES\tFalse\t10\tarn:aws:x\n', /--output json/],
  ['describe-load-balancers', '{"LoadBalancers": [{"LoadBalancerArn": "arn:x"}]}', /fetch --load-balancer ARN/],
  ['describe-target-groups', '{"TargetGroups": []}', /fetch --load-balancer ARN/]
] as const) {
  t.test(`${name} is recognised, and the sentence tells what makes the right file`, async t => t.throws(() => readRules(text), { message: sentence }))
}

t.test('what is nothing at all is still told where it breaks', async t => {
  for (const text of ['', 'hello', '{"Rules": [}', '[1,', '\u0000\u0001', 'a: b: c', '%YAML', '&a [*a, *a]']) t.throws(() => readRules(text), { name: 'Error' }, JSON.stringify(text))
  const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]', ...['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((key, at) => `${key}: &${key} [${Array(9).fill(`*${'abcdefgh'[at]}`).join(', ')}]`)].join('\n')
  t.throws(() => readRules(bomb), { message: /not JSON/ })
})
