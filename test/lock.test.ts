/** The lock of DATA_DIR: one process at a time, and never a stale lock. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import t from 'tap'
import { openStore } from '../src/auth/store.js'
import { lockDataDir } from '../src/lock.js'

/** Another process that holds the lock until it is killed. */
async function holder (t: { teardown: (fn: () => unknown) => void }, folder: string): Promise<() => Promise<void>> {
  const script = `import { lockDataDir } from ${JSON.stringify(join(process.cwd(), 'src/lock.ts'))}
    lockDataDir(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
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
  t.throws(() => lockDataDir(folder), { message: `Another process uses DATA_DIR (${folder}): stop it, or give this one a folder of its own with DATA_DIR.` })
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
  t.throws(() => lockDataDir(file), { message: /DATA_DIR \(.*\) is no folder/ })
})
