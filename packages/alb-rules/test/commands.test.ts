/** The commands that write: expectations to begin with, and the lines that get the rules. */
import { execFile } from 'node:child_process'
import { chmodSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { runCommand } from '../src/cli/commands.js'
import { proposeExpectations, readExpectations, testRuleSet } from '../src/expectations.js'
import { readRules } from '../src/formats/read.js'
import { expectationsText } from '../src/report.js'
import { createRandom, forward, kinds, randomRules } from './worlds.js'

const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const rule = (priority: string, conditions: object[], target: string): object => ({ Priority: priority, Conditions: conditions, Actions: forward(target) })

async function run (...args: string[]): Promise<{ code: number, out: string }> {
  let out = ''
  const code = await runCommand(args, { stdout: { write: text => { out += text } }, stderr: { write: () => {} }, env: {} }, { program: 'alb-rules', hosts: [] })
  return { code, out }
}

t.test('test --init: one expectation for each rule that is reached, all of them met', async t => {
  const dir = t.testdir({ 'rules.json': JSON.stringify({ Rules: [rule('1', [path('/a*'), { Field: 'http-request-method', Values: ['POST'] }], 'a'), rule('2', [path('/ab'), { Field: 'http-request-method', Values: ['POST'] }], 'b'), rule('3', [path('/c'), { Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8'] } }, { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-A', Values: ['it\'s: #1'] } }], 'c'), rule('default', [], 'rest')] }), 'expectations.yaml': '' })
  const { code, out } = await run('test', join(dir, 'rules.json'), '--init')
  t.equal(code, 0)
  t.match(out, /^- url: http:\/\/example\.com\/a\n {2}method: POST\n/)
  t.match(out, '# rule 2: no request gets to it\n')
  t.equal(readExpectations(out).length, 3)
  const rules = readRules(readFileSync(join(dir, 'rules.json'), 'utf8'))
  t.match(testRuleSet(rules, readExpectations(out)), { passed: 3, missed: [], unreached: [{ rule: '2' }] })
})

t.test('test --init: random rules meet what was written of them, with several listeners too', async t => {
  const random = createRandom(12)
  for (let round = 0; round < 60; round++) {
    const rules = ['http', 'https', 'other'].map(() => randomRules(random, kinds, 2 + random.below(4)))
    const ruleSet = readRules(JSON.stringify({ Listeners: rules.map((Rules, at) => ({ Name: `l${at}`, Protocol: at === 0 ? 'HTTP' : 'HTTPS', Rules })) }))
    const text = expectationsText(proposeExpectations(ruleSet))
    const { missed } = testRuleSet(ruleSet, readExpectations(text))
    if (missed.some(({ actual }) => !actual.startsWith('unknown'))) t.fail(text, { missed: JSON.stringify(missed) })
  }
  t.pass('met')
})

t.test('test --no-coverage: rules that no expectation reaches do not count', async t => {
  const dir = t.testdir({ 'rules.json': JSON.stringify({ Rules: [rule('1', [path('/a')], 'a'), rule('2', [path('/b')], 'b'), rule('default', [], 'rest')] }), 'expectations.yaml': '- { url: "http://h.example/a", target: a }\n' })
  const files = [join(dir, 'rules.json'), join(dir, 'expectations.yaml')]
  t.equal((await run('test', ...files)).code, 1)
  t.match(await run('test', ...files, '--no-coverage'), { code: 0, out: /1 of 1 expectations met, 0 rules not reached/ })
  await t.rejects(run('test', ...files, '--init'), { message: /one argument too many/ })
  await t.rejects(run('test', files[0]!, '--init', '--json'), { message: /takes no other option/ })
})

const arn = 'arn:aws:elasticloadbalancing:eu-central-1:123456789012:loadbalancer/app/edge/50dc6c495c0c9188'

/** A stand-in for the AWS CLI: two listeners, and rules that tell which one was asked for. */
const aws = `#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
  *describe-listeners*) printf 'arn:l/80\\tHTTP\\t80\\narn:l/443\\tHTTPS\\t443\\n' ;;
  *describe-rules*) printf '[{"Priority":"default","Conditions":[],"Actions":[{"Type":"forward","TargetGroupArn":"%s"}]}]\\n' "$6" ;;
esac
`

t.test('fetch prints lines that write what is read here', async t => {
  const { code, out } = await run('fetch', '--load-balancer', arn)
  t.equal(code, 0)
  const dir = t.testdir({ aws })
  chmodSync(join(dir, 'aws'), 0o755)
  await new Promise<void>((resolve, reject) => {
    execFile('/bin/sh', ['-eu', '-c', out], { cwd: dir, env: { PATH: `${dir}:${process.env['PATH']}`, CALLS: join(dir, 'calls') } }, error => error === null ? resolve() : reject(error))
  })
  const { listeners, notes } = readRules(readFileSync(join(dir, 'rules.json'), 'utf8'))
  t.same(listeners.map(({ label, arn: own, balancer, rules }) => [label, own, balancer, rules.length]), [['HTTP:80', 'arn:l/80', arn, 1], ['HTTPS:443', 'arn:l/443', arn, 1]])
  t.same(notes, [])
  t.match(readFileSync(join(dir, 'calls'), 'utf8').split('\n')[0], /^elbv2 describe-listeners --region eu-central-1 --load-balancer-arn arn:aws:/)
})

t.test('fetch takes the ARN of an Application Load Balancer and nothing that a shell could read as more', async t => {
  await t.rejects(run('fetch'), { message: /needs --load-balancer/ })
  for (const wrong of ['edge', `${arn}'; rm -rf /; '`, arn.replace('/app/', '/net/'), arn.replace('loadbalancer', 'listener')]) await t.rejects(run('fetch', '--load-balancer', wrong), { message: /is not the ARN of an Application Load Balancer.*describe-load-balancers/ }, wrong)
})
