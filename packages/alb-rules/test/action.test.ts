/** The composite action: pinned, safe from what it is given, and one exit code for everything. */
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { notFound, pathCondition, forwardAction, resource, type Resource } from './terraform-pieces.js'

const folder = resolve('.github/actions/alb-rules')
const action = parse(readFileSync(join(folder, 'action.yml'), 'utf8')) as { inputs: Record<string, { description: string }>, runs: { using: string, steps: Array<{ uses?: string, shell?: string, run?: string }> } }

t.test('it is composite, other actions are pinned by the hash of a commit, and no input is part of a script', async t => {
  t.equal(action.runs.using, 'composite')
  for (const { uses, shell, run = '' } of action.runs.steps) {
    if (uses !== undefined) t.match(uses, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
    else t.equal(shell, 'bash')
    t.notMatch(run, /\$\{\{/)
  }
  for (const [name, { description }] of Object.entries(action.inputs)) t.ok(description.length > 10, name)
})

const rule = (priority: number, path: string, target: string): Resource => resource(`aws_lb_listener_rule.r${priority}`, { listener_arn: 'arn:l', priority, condition: [pathCondition(path)], action: [forwardAction(`arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/${target}/1`)] })
const listener = resource('aws_lb_listener.https', { arn: 'arn:l', port: 443, protocol: 'HTTPS', default_action: [notFound] })
const values = (...resources: Resource[]): object => ({ root_module: { resources: [listener, ...resources] } })
const plan = (before: object, after: object): string => JSON.stringify({ format_version: '1.2', planned_values: after, prior_state: { values: before } })

interface Finished { readonly code: number, readonly out: string, readonly summary: string }

async function run (env: Record<string, string>, summary: string): Promise<Finished> {
  return await new Promise(resolve => {
    execFile(join(folder, 'run.sh'), { env: { PATH: process.env['PATH'], GITHUB_STEP_SUMMARY: summary, ...env } }, (error, out) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, summary: existsSync(summary) ? readFileSync(summary, 'utf8') : '' })
    })
  })
}

t.test('a plan: findings and changes are annotated and summed up', async t => {
  const dir = t.testdir({
    'dead.json': plan(values(rule(10, '/a', 'a')), values(rule(10, '/a', 'a'), rule(20, '/a', 'b'))),
    'moved $(touch x) plan.json': plan(values(rule(10, '/a', 'a')), values(rule(10, '/a', 'b'))),
    'expectations.yaml': '- { url: "https://h.example/a", target: b }\n'
  })
  const dead = await run({ RULES: join(dir, 'dead.json'), SARIF: join(dir, 'out.sarif') }, join(dir, 'one.md'))
  t.equal(dead.code, 1)
  t.match(dead.out, /^::error file=.*title=unreachable-rule%3A HTTPS%3A443%2C rule 20::/m)
  t.match(dead.summary, /### Load-balancer rules: 1 error/)
  t.match(dead.summary, /### Load-balancer rules after the change: nothing found/)
  t.match(JSON.parse(readFileSync(join(dir, 'out.sarif'), 'utf8')), { version: '2.1.0' })
  const moved = { RULES: join(dir, 'moved $(touch x) plan.json') }
  const quiet = await run(moved, join(dir, 'two.md'))
  t.equal(quiet.code, 0)
  t.match(quiet.out, /^::warning .*target-change/m)
  t.match(quiet.summary, /Requests go from a/)
  t.equal((await run({ ...moved, FAIL_ON_CHANGE: 'true' }, join(dir, 'three.md'))).code, 1)
  t.equal((await run({ ...moved, EXPECTATIONS: join(dir, 'expectations.yaml') }, join(dir, 'four.md'))).code, 0)
})

t.test('a file that is no plan is checked alone, and one that is nothing fails', async t => {
  const dir = t.testdir({ 'state.json': JSON.stringify({ format_version: '1.0', values: values(rule(10, '/a', 'a')) }), 'broken.json': '{' })
  const state = await run({ RULES: join(dir, 'state.json') }, join(dir, 'one.md'))
  t.equal(state.code, 0)
  t.notMatch(state.summary, /after the change/)
  t.equal((await run({ RULES: join(dir, 'broken.json') }, join(dir, 'two.md'))).code, 2)
})
