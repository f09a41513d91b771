/** The program `alb-rules`, run as a user runs it: output, exit codes and what it says to wrong usage. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { readRules } from '../src/formats/read.js'
import { writeRules } from '../src/formats/write.js'
import { forward } from './worlds.js'

const root = resolve('packages/alb-rules')
const { version, bin } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string, bin: Record<string, string> }

interface Finished { readonly code: number, readonly out: string, readonly err: string }

async function run (...argv: string[]): Promise<Finished> {
  return await new Promise(resolve => {
    execFile(process.execPath, [join(root, bin['alb-rules'] ?? ''), ...argv], (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }))
  })
}

const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const rule = (priority: string, conditions: object[], target: string): object => ({ Priority: priority, Conditions: conditions, Actions: forward(target) })

t.test('it names itself: help, version, and where to look after wrong usage', async t => {
  const help = await run('--help')
  t.match(help, { code: 0, err: '' })
  t.match(help.out, /^Usage: alb-rules check RULES/)
  t.match(help.out, /alb-rules export RULES --format/)
  t.strictSame(await run('check', '--help'), help)
  t.strictSame(await run('--version'), { code: 0, out: `${version}\n`, err: '' })
  t.strictSame(await run(), { code: 2, out: '', err: 'alb-rules needs one of check, explain, diff, test, simulate, fetch, export.\nSee: alb-rules --help\n' })
  t.match(await run('check'), { code: 2, out: '', err: 'RULES is missing.\nSee: alb-rules --help\n' })
  t.match(await run('export', '--format', 'alb'), { code: 2, err: /^RULES is missing/ })
})

t.test('findings and changes are exit 1, and none is exit 0', async t => {
  const standard = rule('default', [], 'rest')
  const folder = t.testdir({
    'dead.json': JSON.stringify({ Rules: [rule('1', [path('/a*')], 'a'), rule('2', [path('/ab')], 'b'), standard] }),
    'clean.json': JSON.stringify({ Rules: [rule('1', [path('/a', '/a/*')], 'a'), standard] })
  })
  const [dead, clean] = [join(folder, 'dead.json'), join(folder, 'clean.json')]
  const found = await run('check', dead, '--json')
  t.equal(found.code, 1)
  t.match((JSON.parse(found.out) as { findings: object[] }).findings, [{ check: 'unreachable-rule', severity: 'error', rule: '2', by: ['1'] }])
  t.equal((await run('check', clean)).code, 0)
  t.equal((await run('diff', clean, clean)).code, 0)
  t.equal((await run('diff', dead, clean)).code, 1)
})

t.test('export prints the rules of a file in any of its forms', async t => {
  const text = JSON.stringify({ Rules: [rule('1', [path('/a', '/a/*')], 'a'), rule('default', [], 'rest')] })
  const file = join(t.testdir({ 'rules.json': text }), 'rules.json')
  for (const format of ['alb', 'terraform', 'markdown'] as const) {
    t.strictSame(await run('export', file, '--format', format), { code: 0, out: writeRules(readRules(text), format), err: '' }, format)
  }
})
