/** The lock of DATA_DIR: one process at a time, and never a stale lock. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { chmodSync, chownSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import t from 'tap'
import { openStore } from '../../src/keys/open.js'
import { lockDataDir } from '../../src/core/data-dir-lock.js'

/** Another process that holds the lock until it is killed. */
async function holder (t: { teardown: (fn: () => unknown) => void }, folder: string): Promise<() => Promise<void>> {
  const script = `import { lockDataDir } from ${JSON.stringify(join(process.cwd(), '.build/src/core/data-dir-lock.js'))}
    lockDataDir(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return async () => {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}

t.test('a second process is refused with one sentence, and let in when the first was killed', async t => {
  const folder = join(t.testdir(), 'a folder to be made', 'x'.repeat(120))
  const kill = await holder(t, folder)
  t.throws(() => lockDataDir(folder), { message: `Another process uses DATA_DIR (${folder}): stop it, or set DATA_DIR to a different folder.` })
  await kill()
  lockDataDir(folder).release()
})

t.test('the same process cannot take it twice, and can after its release', async t => {
  const folder = t.testdir()
  const lock = lockDataDir(folder)
  t.throws(() => lockDataDir(folder), { message: /^Another process uses DATA_DIR/ })
  lock.release()
  lock.release()
  lockDataDir(folder).release()
})

t.test('keys are managed beside a running server', async t => {
  const folder = t.testdir()
  const lock = lockDataDir(folder)
  t.teardown(lock.release)
  const store = await openStore({ store: { kind: 'sqlite', file: join(folder, 'keys.db') }, cacheMs: 0, staleMs: 0, serviceId: '', emptyScopes: 'none' })
  await store.list()
  await store.close()
})

t.test('a folder that cannot be used is named with its reason', async t => {
  const file = join(t.testdir(), 'file')
  writeFileSync(file, '')
  t.throws(() => lockDataDir(file), { message: /DATA_DIR \(.*\) is not a folder/ })
})

t.test('a folder and files of ours are shut to others, whoever made them open', t => {
  const modeOf = (path: string): number => statSync(path).mode & 0o777
  const fresh = join(t.testdir(), 'fresh')
  const lock = lockDataDir(fresh)
  t.equal(lock.exposed, undefined)
  t.strictSame([modeOf(fresh), modeOf(join(fresh, 'lock.db'))], [0o700, 0o600])
  lock.release()
  const copied = t.testdir({ 'lock.db': '', 'keys.db': '', 'keys.db-wal': '', 'admin-key': '', 'old-paths.json': '', mlflow: {} })
  chmodSync(copied, 0o755)
  for (const name of readdirSync(copied)) chmodSync(join(copied, name), name === 'mlflow' ? 0o755 : 0o644)
  const again = lockDataDir(copied)
  t.equal(again.exposed, undefined)
  t.equal(modeOf(copied), 0o700)
  for (const name of readdirSync(copied).filter(name => name !== 'mlflow')) t.equal(modeOf(join(copied, name)), 0o600, name)
  again.release()
  t.end()
})

t.test('a folder that holds more than ours is left open and told of, and our files in it are shut', t => {
  const shared = t.testdir({ 'thesis.txt': '', 'keys.db': '' })
  chmodSync(shared, 0o755)
  for (const name of readdirSync(shared)) chmodSync(join(shared, name), 0o644)
  const lock = lockDataDir(shared)
  t.teardown(lock.release)
  t.match(lock.exposed, /contains files that are not the facade's.*mode 0755/)
  const modes = [shared, join(shared, 'thesis.txt'), join(shared, 'keys.db'), join(shared, 'lock.db')].map(path => statSync(path).mode & 0o777)
  t.strictSame(modes, [0o755, 0o644, 0o600, 0o600])
  t.end()
})

t.test('another user of the machine can neither take the lock nor keep us from it', { skip: process.getuid?.() === 0 ? false : 'only root can become another user' }, t => {
  const folder = mkdtempSync(join(tmpdir(), 'shared-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  chmodSync(folder, 0o755)
  writeFileSync(join(folder, 'thesis.txt'), '') // so that the folder stays open, and the file alone guards itself
  lockDataDir(folder).release()
  const { status, stderr } = spawnSync('sh', ['-c', `: < ${folder}/thesis.txt && : < ${folder}/lock.db`], { uid: 65534, gid: 65534, encoding: 'utf8', env: { PATH: process.env.PATH, LC_ALL: 'C' } })
  t.not(status, 0)
  t.match(stderr, /lock\.db.*[Pp]ermission denied/)
  const foreign = mkdtempSync(join(tmpdir(), 'foreign-'))
  t.teardown(() => rmSync(foreign, { recursive: true }))
  chownSync(foreign, 65534, 65534)
  chmodSync(foreign, 0o777)
  const lock = lockDataDir(foreign)
  t.teardown(lock.release)
  t.match(lock.exposed, /belongs to another user.*mode 0777/)
  t.equal(statSync(foreign).mode & 0o777, 0o777, 'it is theirs')
  t.end()
})
