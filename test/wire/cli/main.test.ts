/** The command line's outside: what is printed where, and with which exit code. */
import { execFileSync, spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { main } from '../../../src/cli/main.js'
import { version } from '../../../src/core/version.js'

/** Runs the command line in this process. */
async function run (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<{ code: number, stdout: string, stderr: string }> {
  const printed = { stdout: '', stderr: '' }
  const code = await main(args, { env, stdout: { write: text => { printed.stdout += text } }, stderr: { write: text => { printed.stderr += text } } })
  return { code, ...printed }
}

t.test('help is data, and is there for every command', async t => {
  for (const asked of ['--help', '-h', 'help']) {
    const { code, stdout, stderr } = await run([asked])
    t.equal(code, 0)
    t.match(stdout, /Usage: hokusai-mlflow COMMAND/)
    t.equal(stderr, '')
  }
  const names = [...(await run(['--help'])).stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name)
  t.ok(names.includes('start') && names.includes('keys'))
  for (const name of names) {
    const { code, stdout } = await run([name, '--help'])
    t.equal(code, 0)
    t.match(stdout, `Usage: hokusai-mlflow ${name}`)
  }
})

t.test('the version is the package\'s', async t => {
  t.strictSame(await run(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' })
})

t.test('wrong usage is 2, says so on stderr, and leaves stdout to data', async t => {
  for (const args of [[], ['nonsense'], ['start', '--nonsense'], ['start', 'extra'], ['keys'], ['keys', 'nonsense'], ['']]) {
    const { code, stdout, stderr } = await run(args)
    t.equal(code, 2, args.join(' '))
    t.equal(stdout, '')
    t.ok(stderr.length > 0)
    t.notMatch(stderr, /\n\s+at /)
  }
  t.match((await run(['nonsense'])).stderr, /no command "nonsense"/)
})

t.test('a wrong configuration is 2 for every command that reads one, with all its problems', async t => {
  for (const args of [['start'], ['keys', 'list']]) {
    const { code, stdout, stderr } = await run(args, { PORT: 'x', KEYS_URL: 'mysql://me:s3cret@db', LEGACY_PATH: 'x' })
    t.equal(code, 2)
    t.equal(stdout, '')
    for (const name of ['PORT', 'KEYS_URL', 'LEGACY_PATHS']) t.match(stderr, name)
    t.notMatch(stderr, /s3cret|\n\s+at /)
  }
})

t.test('the compiled command runs from any folder, also through the link that npm makes', async t => {
  const folder = t.testdir()
  symlinkSync(resolve('dist/cli/main.js'), join(folder, 'hokusai-mlflow'))
  t.equal(execFileSync(process.execPath, [join(folder, 'hokusai-mlflow'), '--version'], { cwd: '/', encoding: 'utf8' }), `${version}\n`)
  t.equal(spawnSync(process.execPath, [resolve('dist/cli/main.js'), 'nonsense'], { cwd: folder }).status, 2)
})
