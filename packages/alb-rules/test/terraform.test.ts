/** Rules out of `terraform show -json`: plans and states, child modules, names where ARNs are not known yet. */
import t from 'tap'
import { runChecks } from '../src/checks.js'
import { readRules } from '../src/formats/read.js'
import { targetOf, type RuleSet } from '../src/model.js'
import { empty, forwardAction, hostCondition, notFound, pathCondition, references, resource, type Resource } from './terraform-pieces.js'

function summary ({ listeners }: RuleSet): string[][] {
  return listeners.map(({ label, rules }) => [label ?? '', ...rules.map(rule => `${rule.priority} ${targetOf(rule)}`)])
}

t.test('a state: ARNs lead to listeners and to the names of target groups', async t => {
  const groupArn = 'arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/tf-2024/1'
  const state = {
    format_version: '1.0',
    terraform_version: '1.9.0',
    values: {
      root_module: {
        resources: [
          resource('aws_lb_target_group.mlflow', { arn: groupArn, name: 'mlflow' }),
          resource('aws_lb_listener.https', { arn: 'arn:listener/1', load_balancer_arn: 'arn:lb/1', port: 443, protocol: 'HTTPS', default_action: [notFound] }),
          resource('aws_lb_listener.tcp', { arn: 'arn:listener/2', port: 5432, protocol: 'TCP', default_action: [] }),
          resource('aws_lb_listener_rule.b', { listener_arn: 'arn:listener/1', priority: 20, condition: [pathCondition('/b')], action: [forwardAction('arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/other/1')] }),
          resource('aws_alb_listener_rule.a', { listener_arn: 'arn:listener/1', priority: 10, condition: [hostCondition('a.example'), pathCondition('/a')], action: [forwardAction(groupArn)] })
        ]
      }
    }
  }
  t.same(summary(readRules(JSON.stringify(state))), [['HTTPS:443', '10 mlflow', '20 other', 'default fixed:404']])
})

t.test('a plan: references name what has no ARN yet, through modules, variables and outputs', async t => {
  const plan = {
    format_version: '1.2',
    terraform_version: '1.9.0',
    planned_values: {
      root_module: {
        resources: [
          resource('aws_lb_target_group.api', { name: 'platform-api' }),
          resource('aws_lb_target_group.mlflow', { name_prefix: 'ml' }),
          resource('aws_lb_listener_rule.root', { priority: 5, condition: [pathCondition('/root')], action: [forwardAction()] })
        ],
        child_modules: [
          {
            address: 'module.edge',
            resources: [
              resource('module.edge.aws_lb_listener.this["http"]', { port: 80, protocol: 'HTTP', default_action: [{ ...empty, order: 1, type: 'redirect', redirect: [{ host: '#{host}', path: '/#{path}', port: '443', protocol: 'HTTPS', query: '#{query}', status_code: 'HTTP_301' }] }] }, 'http'),
              resource('module.edge.aws_lb_listener.this["https"]', { port: 443, protocol: 'HTTPS', default_action: [notFound] }, 'https')
            ],
            child_modules: [{
              address: 'module.edge.module.rules',
              resources: [
                resource('module.edge.module.rules.aws_lb_listener_rule.one', { priority: 10, condition: [pathCondition('/mlflow', '/mlflow/*')], action: [forwardAction()] }),
                resource('module.edge.module.rules.aws_lb_listener_rule.two', { priority: 20, condition: [pathCondition('/w')], action: [{ ...empty, order: 1, type: 'forward', forward: [{ stickiness: [], target_group: [{ weight: 90 }, { weight: 10 }] }] }] })
              ]
            }]
          }
        ]
      }
    },
    configuration: {
      root_module: {
        resources: [
          { address: 'aws_lb_listener_rule.root', type: 'aws_lb_listener_rule', name: 'root', expressions: { listener_arn: references('module.edge.https_arn', 'module.edge'), action: [{ target_group_arn: references('aws_lb_target_group.api.arn', 'aws_lb_target_group.api'), type: { constant_value: 'forward' } }] } }
        ],
        module_calls: {
          edge: {
            expressions: { groups: references('aws_lb_target_group.mlflow.arn', 'aws_lb_target_group.mlflow'), api_arn: references('aws_lb_target_group.api.arn', 'aws_lb_target_group.api') },
            module: {
              outputs: { https_arn: { expression: references('aws_lb_listener.this["https"].arn', 'aws_lb_listener.this["https"]', 'aws_lb_listener.this') } },
              module_calls: {
                rules: {
                  expressions: { listener: references('aws_lb_listener.this["https"].arn', 'aws_lb_listener.this["https"]', 'aws_lb_listener.this'), mlflow: references('var.groups'), api: references('var.api_arn') },
                  module: {
                    resources: [
                      { address: 'aws_lb_listener_rule.one', type: 'aws_lb_listener_rule', name: 'one', expressions: { listener_arn: references('var.listener'), action: [{ target_group_arn: references('var.mlflow') }] } },
                      { address: 'aws_lb_listener_rule.two', type: 'aws_lb_listener_rule', name: 'two', expressions: { listener_arn: references('var.listener'), action: [{ forward: [{ target_group: [{ arn: references('var.mlflow') }, { arn: references('var.api') }] }] }] } }
                    ]
                  }
                }
              }
            }
          }
        }
      }
    }
  }
  t.same(summary(readRules(JSON.stringify(plan))), [
    ['HTTP:80', 'default redirect:301 https://#{host}:443/#{path}?#{query}'],
    ['HTTPS:443', '5 platform-api', '10 mlflow', '20 mlflow:90,platform-api:10', 'default fixed:404']
  ])
})

t.test('instances with keys belong to the instances with the same keys', async t => {
  const both = ['a', 'b']
  const plan = {
    planned_values: {
      root_module: {
        resources: [
          ...both.map((key, at) => resource(`aws_lb_listener.this["${key}"]`, { port: 8080 + at, protocol: 'HTTP', default_action: [notFound] }, key)),
          ...both.map(key => resource(`aws_lb_target_group.this["${key}"]`, {}, key)),
          ...both.map(key => resource(`aws_lb_listener_rule.this["${key}"]`, { priority: 1, condition: [pathCondition('/')], action: [forwardAction()] }, key))
        ]
      }
    },
    configuration: {
      root_module: {
        resources: [{ type: 'aws_lb_listener_rule', name: 'this', expressions: { listener_arn: references('aws_lb_listener.this', 'each.key'), action: [{ target_group_arn: references('aws_lb_target_group.this', 'each.key') }] } }]
      }
    }
  }
  t.same(summary(readRules(JSON.stringify(plan))), [['HTTP:8080', '1 this["a"]', 'default fixed:404'], ['HTTP:8081', '1 this["b"]', 'default fixed:404']])
})

t.test('which instance is meant is never guessed from keys that only happen to be equal', async t => {
  const plan = (...refers: string[]): string => JSON.stringify({
    planned_values: {
      root_module: {
        resources: [
          ...['http', 'https'].map((key, at) => resource(`aws_lb_listener.l["${key}"]`, { port: 80 + at, protocol: 'HTTP', default_action: [notFound] }, key)),
          ...['http', 'other'].map((key, at) => resource(`aws_lb_listener_rule.r["${key}"]`, { priority: at + 1, condition: [pathCondition('/')], action: [forwardAction('x')] }, key))
        ]
      }
    },
    configuration: { root_module: { resources: [{ type: 'aws_lb_listener_rule', name: 'r', expressions: { listener_arn: references(...refers) } }] } }
  })
  t.same(summary(readRules(plan('aws_lb_listener.l', 'each.value.listener', 'each.value'))).slice(2), [['aws_lb_listener_rule.r["http"]', '1 x', 'default none'], ['aws_lb_listener_rule.r["other"]', '2 x', 'default none']])
  t.same(summary(readRules(plan('aws_lb_listener.l', 'each.key'))), [['HTTP:80', '1 x', 'default fixed:404'], ['HTTP:81', 'default fixed:404'], ['aws_lb_listener_rule.r["other"]', '2 x', 'default none']], 'a key that no listener has')
})

t.test('values of actions that are known after apply are no defaults', async t => {
  const later = (action: object, unknown: unknown): RuleSet => readRules(JSON.stringify({
    planned_values: {
      root_module: {
        resources: [
          resource('aws_lb_listener.a', { port: 443, protocol: 'HTTPS', default_action: [notFound] }),
          resource('aws_lb_listener_rule.r', { priority: 10, listener_arn: 'aws_lb_listener.a', condition: [pathCondition('/a')], action: unknown === true ? null : [action] })
        ]
      }
    },
    resource_changes: [{ address: 'aws_lb_listener_rule.r', change: { after_unknown: { id: true, action: unknown } } }],
    configuration: { root_module: { resources: [] } }
  }))
  const redirect = { ...empty, type: 'redirect', redirect: [{ status_code: 'HTTP_301', path: '/#{path}' }] }
  for (const [action, unknown] of [
    [redirect, [{ redirect: [{ host: true }] }]], [redirect, true],
    [{ ...empty, type: 'forward', forward: [{ target_group: [{ arn: 'arn:x' }, { arn: 'arn:y' }] }] }, [{ forward: [{ target_group: [{}, { weight: true }] }] }]],
    [{ ...empty, type: 'fixed-response', fixed_response: [{ content_type: 'text/plain' }] }, [{ fixed_response: [{ status_code: true }] }]]
  ] as const) {
    const findings = runChecks(later(action, unknown))
    t.ok(findings.some(({ check, rule }) => check === 'unanalysable' && rule === '10'), JSON.stringify(unknown))
    t.notOk(findings.some(({ check }) => check === 'redirect-loop'))
  }
  t.match(targetOf(later({ ...empty, type: 'forward', target_group_arn: 'arn:x' }, [{ order: true }]).listeners.flatMap(({ rules }) => rules).find(({ priority }) => priority === '10')!), 'arn:x')
})

t.test('what a plan does not know yet is unanalysable, never guessed', async t => {
  const plan = {
    planned_values: {
      root_module: {
        resources: [
          resource('aws_lb_listener.a', { port: 80, protocol: 'HTTP', default_action: [notFound] }),
          resource('aws_lb_target_group.x', {}), resource('aws_lb_target_group.y', {}),
          resource('aws_lb_listener_rule.host', { priority: 1, condition: [{ host_header: [{}] }, pathCondition('/a')], action: [forwardAction('arn:x')] }),
          resource('aws_lb_listener_rule.group', { priority: 2, condition: [pathCondition('/b')], action: [forwardAction()] }),
          resource('aws_lb_listener_rule.behind', { priority: 3, condition: [pathCondition('/a')], action: [forwardAction('arn:y')] })
        ]
      }
    },
    resource_changes: [{ address: 'aws_lb_listener_rule.host', change: { after_unknown: { id: true, condition: [{ host_header: [{ values: true }] }, {}] } } }],
    configuration: {
      root_module: {
        resources: [
          ...['host', 'behind'].map(name => ({ type: 'aws_lb_listener_rule', name, expressions: { listener_arn: references('aws_lb_listener.a.arn', 'aws_lb_listener.a') } })),
          { type: 'aws_lb_listener_rule', name: 'group', expressions: { listener_arn: references('aws_lb_listener.a.arn', 'aws_lb_listener.a'), action: [{ target_group_arn: references('aws_lb_target_group.x', 'aws_lb_target_group.y', 'each.key') }] } }
        ]
      }
    }
  }
  const findings = runChecks(readRules(JSON.stringify(plan)))
  t.same(findings.filter(({ check }) => check === 'unanalysable').map(({ rule }) => rule).sort(), ['1', '2', '3'])
})

t.test('every block is understood', async t => {
  const condition = [
    { http_header: [{ http_header_name: 'X-A', values: ['a*'], regex_values: [] }] }, { http_request_method: [{ values: ['GET'] }] },
    { query_string: [{ key: '', value: 'v' }, { key: 'k', value: 'w' }] }, { source_ip: [{ values: ['10.0.0.0/8'] }] }, { path_pattern: [{ values: [], regex_values: ['^/v'] }] },
    { field: 'host-header', values: ['old.example'] }, { tls_version: [{ values: ['1.3'] }] }
  ]
  const action = [
    { ...empty, type: 'authenticate-oidc', order: 1, authenticate_oidc: [{ issuer: 'https://id.example', client_id: 'c', client_secret: 's', session_timeout: 604800 }] },
    { ...empty, type: 'forward', order: 2, target_group_arn: 'arn:aws:elasticloadbalancing:eu:1:targetgroup/g/1' }
  ]
  const transform = [{ type: 'url-rewrite', url_rewrite_config: [{ rewrite: [{ regex: '^/x', replace: '/' }] }], host_header_rewrite_config: [] }]
  const state = { values: { root_module: { resources: [resource('aws_lb_listener_rule.x', { listener_arn: 'arn:unseen', priority: 1, condition, action, transform })] } } }
  const { listeners: [listener], notes } = readRules(JSON.stringify(state))
  const [rule] = listener!.rules
  t.equal(listener!.label, 'arn:unseen')
  t.match(notes[0], /no default rule/)
  t.equal(targetOf(rule!), 'oidc>g ~rewrite')
  t.same(rule!.conditions.slice(0, 6), [
    { kind: 'http-header', name: 'X-A', values: ['a*'], regexes: [] },
    { kind: 'http-request-method', values: ['GET'], regexes: [] },
    { kind: 'query-string', pairs: [{ key: undefined, value: 'v' }, { key: 'k', value: 'w' }] },
    { kind: 'source-ip', values: ['10.0.0.0/8'], regexes: [] },
    { kind: 'path-pattern', values: [], regexes: ['^/v'] },
    { kind: 'host-header', values: ['old.example'], regexes: [] }
  ])
  t.equal(rule!.conditions[6]!.kind, 'unknown')
  t.notMatch(JSON.stringify(rule), /client_secret|"s"/, 'a secret is not kept')
})

t.test('listeners of two load balancers keep apart', async t => {
  const listener = (name: string, arn: string): Resource => resource(`aws_lb_listener.${name}`, { load_balancer_arn: arn, port: 443, protocol: 'HTTPS', default_action: [notFound] })
  const state = { values: { root_module: { resources: [listener('a', 'arn:lb/a'), listener('b', 'arn:lb/b')] } } }
  t.same(readRules(JSON.stringify(state)).listeners.map(({ label, balancer }) => [label, balancer]), [['aws_lb_listener.a', 'arn:lb/a'], ['aws_lb_listener.b', 'arn:lb/b']])
})

t.test('bad resources are refused by their address', async t => {
  const state = (values: object): string => JSON.stringify({ values: { root_module: { resources: [resource('aws_lb_listener_rule.x', values)] } } })
  const good = { listener_arn: 'arn:l', priority: 1, condition: [pathCondition('/')], action: [forwardAction('arn:g')] }
  t.throws(() => readRules(state({ ...good, priority: null })), { message: /^aws_lb_listener_rule\.x\.priority: the priority is missing/ })
  t.throws(() => readRules(state({ ...good, listener_arn: undefined })), { message: /^aws_lb_listener_rule\.x\.listener_arn/ })
  t.throws(() => readRules(state({ ...good, condition: [] })), { message: /^aws_lb_listener_rule\.x\.Conditions: the list is empty/ })
  t.throws(() => readRules(state({ ...good, condition: [{ path_pattern: [{ values: [] }] }] })), { message: /^aws_lb_listener_rule\.x\.Conditions\[0\]/ })
  t.throws(() => readRules(state({ ...good, action: [] })), { message: /^aws_lb_listener_rule\.x\.Actions: the list is empty/ })
})
