/** What stands in the way of an MLflow of our own: each one clear sentence that says what to do. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import t from 'tap'
import { nextDelay } from '../../../src/mlflow/managed/supervisor.js'
import { pinned } from '../../../src/mlflow/managed/pinned.js'
import { failedInstall } from '../../../src/mlflow/managed/problem.js'
import { machine } from './machine.js'

const plenty = 10_000_000_000

t.test('what cannot recover by itself is told at once', async t => {
  const cases: ReadonlyArray<readonly [string, Record<string, string>, Record<string, string>, RegExp]> = [
    ['no Python', {}, {}, /^Python was not found: there is no command "python3"\. Install Python 3\.10 or newer, set MLFLOW_PYTHON to its command, or set MLFLOW_UPSTREAM_URL/],
    ['a shim without a Python behind it', { python3: 'echo "pyenv: python3: command not found" >&2; exit 127' }, {}, /^Python was not found/],
    ['a Python that is too old', { python3: 'fake' }, { FAKE_PYTHON: 'python 3 9 venv /usr/bin/python3.9' }, /^"python3" is Python 3\.9, but MLflow 3\.17\.2 needs 3\.10 or newer\. Set MLFLOW_PYTHON to a newer one/],
    ['a Python of the last century', { python3: 'test "$1" = --version && echo "Python 2.7.18" >&2; exit 1' }, {}, /^"python3" is Python 2\.7, but/],
    ['something else named Python', { python3: 'echo hello' }, {}, /^"python3" is not a working Python/],
    ['no venv module and no uv', { python3: 'fake' }, { FAKE_PYTHON: 'python 3 12 bare /usr/bin/python3' }, /^"python3" has no venv module\. Install it \(Debian and Ubuntu: apt install python3-venv\), install uv/]
  ]
  for (const [what, tools, env, sentence] of cases) {
    t.test(what, async t => {
      await t.rejects(machine(t, tools, env).open(), { message: sentence })
    })
  }
})

t.test('uv makes up for a missing venv module', async t => {
  const { open, line } = machine(t, { uv: 'fake', python3: 'fake' }, { FAKE_PYTHON: 'python 3 12 bare /usr/bin/python3' })
  const ready = line(/is ready/)
  await open()
  await ready
})

t.test('a DATA_DIR that cannot be written is told at once', async t => {
  const { open, dataDir } = machine(t, { python3: 'fake' })
  mkdirSync(dirname(dataDir), { recursive: true })
  writeFileSync(dataDir, 'a file in its place')
  await t.rejects(open(), { message: /^DATA_DIR cannot be written \((ENOTDIR|EEXIST)\)/ })
})

t.test('what may recover by itself is told and tried again, and the reason names no path', async t => {
  const cases: ReadonlyArray<readonly [string, string, RegExp]> = [
    ['no network, as uv says it', 'error: Request failed after 3 retries in 6.4s\n  cause: Failed to fetch: http://127.0.0.1:9/simple/mlflow/\n  cause: dns error', /could not be downloaded: the Python package index cannot be reached\. Check the network, your proxy/],
    ['no network, as pip says it', 'ERROR: Could not find a version that satisfies the requirement mlflow==3.17.2 (from versions: none)', /could not be downloaded/],
    ['a full disk, as uv says it', 'error: Failed to install: mlflow-3.17.2-py3-none-any.whl (mlflow==3.17.2)\n  cause: failed to copy file: No space left on device (os error 28)', /The disk of DATA_DIR has \d+ MB free, but MLflow 3\.17\.2 needs about 1000 MB\. Free some space, or set DATA_DIR/],
    ['a full disk, as pip says it', 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', /The disk of DATA_DIR/],
    ['anything else', 'error: the wheel is upside down', /could not be installed; mlflow\.log in DATA_DIR has the installer's output/]
  ]
  for (const [what, words, sentence] of cases) {
    t.test(what, async t => {
      const { open, line, dataDir } = machine(t, { uv: 'fake', python3: 'fake' }, { FAKE_INSTALL: words })
      const told = line(/Retrying in 30 s/)
      const local = await open()
      t.match(await told, sentence)
      t.match(local.state(), { phase: 'preparing', reason: sentence })
      t.notOk(local.state().reason?.includes(dataDir))
    })
  }
})

t.test('a disk too small is seen before anything is downloaded', async t => {
  const { open, line, calls } = machine(t, { uv: 'fake', python3: 'fake' })
  const told = line(/Retrying/)
  await open({ release: { ...pinned, diskBytes: Number.MAX_SAFE_INTEGER } })
  t.match(await told, /^The disk of DATA_DIR has/)
  t.notOk(calls().some(call => call.startsWith('uv pip')))
})

t.test('a disk that filled up meanwhile is named even where venv only says that ensurepip failed', async t => {
  t.match(failedInstall("Error: Command '[…]' returned non-zero exit status 1.", pinned, 4096).message, /^The disk of DATA_DIR has 0 MB free/)
})

t.test('the words of the real installers are understood', async t => {
  const failing = (program: string, args: string[], env: Record<string, string>): string => {
    try {
      execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
      return ''
    } catch (error) { return (error as { stderr: string }).stderr }
  }
  // Port 9 (discard) of loopback: nobody listens, as without a network.
  const output = failing('python3', ['-m', 'pip', 'download', '--quiet', '--no-input', '--no-deps', '--retries', '0', '--dest', t.testdir(), '--index-url', 'http://127.0.0.1:9/simple', `mlflow==${pinned.version}`], { PIP_FIND_LINKS: '' })
  t.match(failedInstall(output, pinned, plenty).message, /index cannot be reached/)
})

t.test('restarts wait 1 s, then twice as long, at most 30 s, and 1 s again after a healthy minute', async t => {
  const waits: number[] = []
  let wait = 0
  for (const ranMs of [10, 10, 10, 10, 10, 10, 10, 59_999, 60_000, 10]) waits.push(wait = nextDelay(wait, ranMs))
  t.strictSame(waits, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000, 1000, 2000])
})
