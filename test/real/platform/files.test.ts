/** The files of the load balancer are written from the declaration, and say the same. */
import { readFileSync } from 'node:fs'
import { readRules, writeRules } from 'alb-rules'
import t from 'tap'
import { hosts, platformRules, reasons } from '../../../deploy/alb/platform-rules.js'

t.test('writing the rules and reading them again is identity', async t => {
  t.same(readRules(writeRules(platformRules(), 'alb')), platformRules())
})

t.test('the files of the load balancer are what the table says', async t => {
  for (const [file, format] of [['deploy/alb/after.json', 'alb'], ['deploy/alb/rules.tf.json', 'terraform']] as const) {
    t.equal(readFileSync(file, 'utf8'), writeRules(platformRules(), format, reasons), file)
  }
  t.same(JSON.parse(readFileSync('deploy/alb/platform.json', 'utf8')), { hosts, reasons: Object.fromEntries(reasons) })
  t.match(readFileSync('docs/routing.md', 'utf8'), writeRules(platformRules(), 'markdown', reasons))
})

t.test('the Terraform JSON says what the rules say', async t => {
  interface Block { readonly priority: number, readonly listener_arn: string, readonly condition: ReadonlyArray<Record<string, { values: string[] }>>, readonly action: ReadonlyArray<{ type: string, target_group_arn: string }> }
  const { resource } = JSON.parse(writeRules(platformRules(), 'terraform', reasons)) as { resource: { aws_lb_listener_rule: Record<string, Block> } }
  const named = (text: string): string => /"([^"]+)"/.exec(text)![1]!
  const rulesOf = (listener: string): object[] => Object.values(resource.aws_lb_listener_rule).filter(block => named(block.listener_arn) === listener).map(block => ({
    Priority: String(block.priority),
    Conditions: block.condition.map(condition => 'host_header' in condition ? { Field: 'host-header', Values: condition['host_header']!.values } : { Field: 'path-pattern', Values: condition['path_pattern']!.values }),
    Actions: [{ Type: 'forward', TargetGroupArn: named(block.action[0]!.target_group_arn) }]
  }))
  const standard = { Priority: 'default', Conditions: [], Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404', MessageBody: 'Not found' } }] }
  const listeners = [['http', 'HTTP', 80], ['https', 'HTTPS', 443]].map(([name, protocol, port]) => ({ Name: name, Protocol: protocol, Port: port, Rules: [...rulesOf(String(name)), standard] }))
  t.same(readRules(JSON.stringify({ Listeners: listeners })), platformRules())
})
