/** The command line's outside: what is printed where, and with which exit code. */
import { execFileSync, spawnSync } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import t from 'tap'
import { commands } from '../../../src/cli/commands.js'
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
  t.ok(commands.some(({ name }) => name === 'start'))
  for (const { name, summary } of commands) {
    t.match((await run(['--help'])).stdout, new RegExp(`^ {2}${name} +${summary}$`, 'm'))
    for (const args of [[name, '--help'], ['help', name]]) {
      const { code, stdout } = await run(args)
      t.equal(code, 0)
      t.match(stdout, `Usage: hokusai-mlflow ${name}`)
    }
  }
})

t.test('help is that of what was asked for', async t => {
  for (const args of [['keys', 'rotate', '--help'], ['help', 'keys', 'rotate'], ['keys', 'rotate', 'key_x', '-h']]) {
    t.match((await run(args)).stdout, /^Usage: hokusai-mlflow keys rotate ID/, args.join(' '))
  }
  t.match((await run(['help', 'kyes'])), { code: 2, stderr: 'There is no command "kyes": did you mean keys?' })
  t.match((await run(['keys', 'create', '--frob'])).stderr, /See: hokusai-mlflow keys create --help\n$/)
})

t.test('every option of a command stands in its help, and the other way round', async t => {
  for (const { words, load } of commands) {
    const known = await words()
    const { usage, actions } = await load()
    const texts = 'options' in known
      ? [[usage, Object.keys(known.options)] as const]
      : Object.entries(known.actions).map(([action, options]) => [actions?.[action], Object.keys(options)] as const)
    for (const [text, options] of texts) {
      if (text === undefined) continue // routes and completion have one text for all they do
      t.strictSame([...new Set([...text.matchAll(/(?<=[\s[|])--[a-z-]+/g)].map(([option]) => option.slice(2)))].sort(), [...options].sort(), text.slice(0, 60))
    }
  }
})

t.test('a mistyped word gets the one that was meant, and no more than two lines', async t => {
  const typed: Array<[string, RegExp]> = [
    ['kesy', /no command "kesy": did you mean keys\?/],
    ['routes chekc', /did you mean check\?/],
    ['keys revok', /did you mean revoke\?/],
    ['keys create --nmae x', /no option "--nmae": did you mean --name\?/],
    ['start --upgrade', /did you mean --upgrade-database\?/],
    ['verify --raed-only', /did you mean --read-only\?/],
    ['routes check --jsno x', /did you mean --json\?/],
    ['start --metrics-port=1', /set METRICS_PORT in the environment/],
    ['completion tcsh', /needs one of bash, zsh, fish/],
    ['frobnicate', /There is no command "frobnicate"\.\n/]
  ]
  for (const [line, message] of typed) {
    const { code, stdout, stderr } = await run(line.split(' '))
    t.match({ code, stdout, stderr }, { code: 2, stdout: '', stderr: message }, line)
    t.ok(stderr.trim().split('\n').length <= 2, stderr)
  }
})

t.test('what may be a key is not repeated', async t => {
  const key = `hk_live_${'a'.repeat(32)}`
  for (const args of [[key], ['keys', key], ['keys', 'list', key], ['keys', 'list', `--${key}`], ['start', key], ['help', key]]) {
    t.notMatch((await run(args)).stderr, /aaaa/, args.join(' '))
  }
})

t.test('a command that serves nothing starts in under 0.3 s of processor time', t => {
  for (const line of ['version', '--help', 'keys --help', 'start --help', 'completion bash', 'kesy']) {
    const costs = [1, 2, 3].map(() => processorSeconds(line))
    t.ok(Math.min(...costs) < 0.3, `${line}: ${costs.join(', ')} s`)
  }
  t.end()
})

/** User and system time of the compiled command, without what the test runner puts into every process. */
function processorSeconds (line: string): number {
  const { stderr } = spawnSync('bash', ['-c', `TIMEFORMAT='%U %S'; time env -i "${process.execPath}" dist/cli/main.js ${line} >/dev/null 2>&1`], { encoding: 'utf8' })
  const [user = NaN, system = NaN] = stderr.trim().split(' ').map(Number)
  return user + system
}

t.test('a reader that has had enough is no failure', t => {
  const status = (command: string): string => execFileSync('bash', ['-c', `${command} | head -n 1 >/dev/null; echo "\${PIPESTATUS[0]}"`], { encoding: 'utf8' })
  t.equal(status(`{ "${process.execPath}" dist/cli/main.js openapi 2>&1; }`), '0\n')
  const rules = `"${process.execPath}" packages/alb-rules/dist/cli/main.js export deploy/alb/after.json --format alb`
  t.equal(status(`{ sleep 0.2; ${rules} 2>&1; }`), '0\n')
  t.equal(execFileSync('bash', ['-c', `${rules} 2>&1 >/dev/null | wc -c`], { encoding: 'utf8' }).trim(), '0')
  t.end()
})

t.test('the version is the package\'s', async t => {
  for (const asked of ['--version', 'version']) t.strictSame(await run([asked]), { code: 0, stdout: `${version}\n`, stderr: '' })
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

t.test('--env-file gives what the environment does not have, and is taken with every command', async t => {
  const file = join(t.testdir({ 'facade.env': '# ours\nexport PORT=x\nHOST="127.0.0.1"\nLEGACY_PATH=y\n' }), 'facade.env')
  for (const args of [['keys', 'list', '--env-file', file], [`--env-file=${file}`, 'keys', 'list']]) {
    const { code, stderr } = await run(args)
    t.equal(code, 2)
    t.match(stderr, /LEGACY_PATH is not[^]*PORT is "x"/)
  }
  t.notMatch((await run(['keys', 'list', '--env-file', file], { PORT: '80' })).stderr, /PORT/, 'the environment wins')
  t.match((await run(['keys', 'list', '--env-file', file], { PORT: '' })).stderr, /PORT is "x"/, 'an empty variable is unset')
  t.match(await run(['keys', 'list', '--env-file', '/nowhere']), { code: 2, stderr: /^Cannot read \/nowhere \(ENOENT\)/ })
  t.match(await run(['keys', 'list', '--env-file']), { code: 2, stderr: /needs a file/ })
  const bad = join(t.testdir({ 'bad.env': 'hk_live_secret\nPORT=1\n' }), 'bad.env')
  const { stderr } = await run(['keys', 'list', '--env-file', bad])
  t.match(stderr, /a line that is not NAME=VALUE/)
  t.notMatch(stderr, /secret/)
})

t.test('options of start stand for settings, win over them, and are judged by the same table', async t => {
  const { stderr } = await run(['start', '--port', '99999', '--host', 'a b', '--upstream', 'ftp://x'], { PORT: '80' })
  for (const line of [/PORT is "99999"/, /HOST is "a b"/, /MLFLOW_UPSTREAM_URL is "ftp:\/\/x"/]) t.match(stderr, line)
  t.match(await run(['start', '--port=']), { code: 2, stderr: /--port is empty/ })
})

t.test('the compiled command runs from any folder, also through the link that npm makes', async t => {
  const folder = t.testdir()
  symlinkSync(resolve('dist/cli/main.js'), join(folder, 'hokusai-mlflow'))
  t.equal(execFileSync(process.execPath, [join(folder, 'hokusai-mlflow'), '--version'], { cwd: '/', encoding: 'utf8' }), `${version}\n`)
  t.equal(spawnSync(process.execPath, [resolve('dist/cli/main.js'), 'nonsense'], { cwd: folder }).status, 2)
})
