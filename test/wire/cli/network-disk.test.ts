/** A key database on a disk of another machine, which the processes here believe that the folder `share` is. */
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const nfs = `
  import fs from 'node:fs'
  import { syncBuiltinESMExports } from 'node:module'
  const { statfsSync } = fs
  fs.statfsSync = path => String(path).includes('/share/') ? { ...statfsSync('/'), type: 0x6969 } : statfsSync(path)
  syncBuiltinESMExports()`
const sentence = /A key database in SQLite cannot be on NFS: use a disk of this machine, or PostgreSQL, which several machines can share\./

const folder = t.testdir({ share: {}, data: {} })
mkdirSync(join(folder, 'share', 'data'))
const shared = `sqlite:${join(folder, 'share', 'data', 'keys.db')}`

function run (argv: readonly string[], env: NodeJS.ProcessEnv, isShared = true): { readonly status: number | null, readonly stdout: string, readonly stderr: string } {
  const options = isShared ? [`--import=data:text/javascript,${encodeURIComponent(nfs)}`] : []
  const all = { PATH: process.env['PATH'], DATA_DIR: join(folder, 'data'), MLFLOW_UPSTREAM_URL: 'http://127.0.0.1:9', PORT: '0', METRICS_PORT: 'off', ...env }
  return spawnSync(process.execPath, [...options, 'dist/cli/main.js', ...argv], { env: all, encoding: 'utf8', timeout: 60_000 })
}

t.test('a key database in SQLite on a network file system is refused at the start, with a sentence that names PostgreSQL', t => {
  for (const env of [{ KEYS_URL: shared }, { DATA_DIR: join(folder, 'share', 'data') }]) {
    const { status, stderr } = run(['start'], env)
    t.equal(status, 2)
    t.match(stderr, sentence)
    t.notMatch(stderr, /at .*js:|\/share\//)
  }
  t.end()
})

t.test('a key database in SQLite on a network file system is named', t => {
  const { stdout } = run(['doctor', '--json'], { KEYS_URL: shared })
  const { findings } = JSON.parse(stdout) as { findings: ReadonlyArray<{ readonly check: string }> }
  t.match(findings.find(({ check }) => check === 'key-store'), { severity: 'error', message: sentence, fix: /keys migrate --to postgres:/ })
  t.end()
})

t.test('there keys are not managed, but they can be moved away', t => {
  t.equal(run(['keys', 'create', '--name', 'old'], { KEYS_URL: shared }, false).status, 0)
  const refused = run(['keys', 'list'], { KEYS_URL: shared })
  t.not(refused.status, 0)
  t.match(refused.stderr, sentence)
  const moved = run(['keys', 'migrate', '--from', shared, '--to', `sqlite:${join(folder, 'data', 'keys.db')}`], {})
  t.equal(moved.stdout, '1 moved, 0 already known, 1 in total.\n')
  t.match(run(['keys', 'migrate', '--from', `sqlite:${join(folder, 'data', 'keys.db')}`, '--to', shared], {}).stderr, sentence)
  t.end()
})
