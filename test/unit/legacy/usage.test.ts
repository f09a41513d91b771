/** Who still uses old paths is known by key and client, over restarts, and told once a day. */
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import t from 'tap'
import type { Caller } from '../../../src/keys/contract.js'
import { legacy } from '../../../src/cli/legacy.js'
import { openOldPathUsage, readUsage, usageFile, type Usage } from '../../../src/legacy/usage.js'
import { facade, keys } from '../../helpers/app.js'

const caller: Caller = { keyId: 'key_1', userId: 'ann', name: 'training', hint: 'hk_live_abcd…', environment: 'live', scopes: new Set(), workspaces: [], ratePerHour: undefined, expiresAt: undefined }
const day = 86_400_000

function logTo (lines: Array<Record<string, unknown>>) {
  return pino({ base: null }, { write: text => { lines.push(JSON.parse(text) as Record<string, unknown>) } })
}

async function command (dataDir: string, argv: string[], env: Record<string, string> = {}): Promise<{ code: number, out: string, err: string }> {
  let [out, err] = ['', '']
  const code = await legacy.run(argv, { stdout: { write: text => { out += text } }, stderr: { write: text => { err += text } }, env: { DATA_DIR: dataDir, ...env } })
  return { code, out, err }
}

t.test('calls are counted by key and client, and go on from there after a restart', async t => {
  const file = join(t.testdir(), 'data', 'old-paths.json')
  let at = Date.UTC(2026, 0, 1)
  const first = openOldPathUsage(file, logTo([]), () => at)
  first.note(caller, 'curl')
  first.note(caller, 'mlflow-python')
  first.note(undefined, 'curl')
  first.close()
  at += 1000
  const second = openOldPathUsage(file, logTo([]), () => at)
  second.note(caller, 'curl')
  second.close()
  t.match(readUsage(file), {
    since: '2026-01-01T00:00:00.000Z',
    uses: [
      { keyId: 'key_1', name: 'training', userId: 'ann', client: 'curl', calls: 2, firstAt: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-01T00:00:01.000Z' },
      { keyId: 'key_1', client: 'mlflow-python', calls: 1 },
      { keyId: null, client: 'curl', calls: 1 }
    ]
  })
  t.equal(statSync(file).mode & 0o777, 0o600)
})

t.test('the log is told of a key once a day at most, over restarts too', async t => {
  const file = join(t.testdir(), 'old-paths.json')
  const lines: Array<Record<string, unknown>> = []
  let at = Date.UTC(2026, 0, 1)
  for (const later of [0, 1000, day - 2000, 1000, day - 1, 1]) {
    at += later
    const paths = openOldPathUsage(file, logTo(lines), () => at)
    for (let call = 0; call < 3; call++) paths.note(caller, 'curl')
    paths.note(undefined, 'curl')
    paths.close()
  }
  t.equal(lines.length, 3, 'on the first day, the second and the third')
  t.match(lines[0], { key: 'hk_live_abcd…', key_id: 'key_1', user: 'ann', client: 'curl' })
})

t.test('counts that cannot be read are set aside, and those that cannot be written stop nothing', async t => {
  const folder = t.testdir({ 'old-paths.json': 'not JSON', blocked: 'a file' })
  const lines: Array<Record<string, unknown>> = []
  const paths = openOldPathUsage(usageFile(folder), logTo(lines))
  paths.note(caller, 'curl')
  paths.close()
  t.equal(readFileSync(join(folder, 'old-paths.json.unread'), 'utf8'), 'not JSON')
  t.equal(readUsage(usageFile(folder))?.uses.length, 1)
  t.match(lines[0]?.['msg'], /cannot be read/)

  let failures = 0
  const nowhere = openOldPathUsage(join(folder, 'blocked', 'old-paths.json'), logTo(lines), Date.now, () => failures++)
  nowhere.note(caller, 'curl')
  nowhere.close()
  t.equal(failures, 1)
  t.match(lines.at(-1)?.['msg'], /cannot be written/)
})

t.test('requests: a redirect counts for the key that came with it, a call in place for its caller, a new path for nobody', async t => {
  const folder = t.testdir()
  const { call, lines, close } = await facade(t, undefined, { env: { DATA_DIR: folder } })
  await call('GET', '/api/mlflow/api/2.0/mlflow/experiments/get?experiment_id=0', { key: 'read', headers: { 'User-Agent': 'mlflow-python-client/3.17.2' } })
  await call('POST', '/api/2.0/mlflow/experiments/search', { key: 'read', body: '{}', headers: { 'User-Agent': 'curl/8' } })
  await call('GET', '/api/mlflow/x', { key: null })
  await call('GET', '/api/mlflow/x', { key: 'unknown', headers: { 'User-Agent': 'curl/8' } })
  await call('POST', '/mlflow/api/2.0/mlflow/experiments/search', { key: 'read', body: '{}' })
  await delay(20)
  await close()
  t.equal(lines.filter(({ msg }) => msg.startsWith('a key still uses old paths')).length, 1, 'one line a key')
  t.notMatch(JSON.stringify(lines), keys.read)
  const counted = readUsage(usageFile(folder))?.uses.map(({ keyId, client, calls }) => [keyId, client, calls])
  t.strictSame(counted, [['key_read', 'mlflow-python', 1], ['key_read', 'curl', 1], [null, 'none', 1], [null, 'curl', 1]])
})

t.test('the command lists the latest first, and says when old paths end', async t => {
  const usage: Usage = {
    since: '2026-01-01T00:00:00.000Z',
    uses: [
      { keyId: null, name: null, userId: null, client: 'curl', calls: 3, firstAt: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-02T00:00:00.000Z' },
      { keyId: 'key_1', name: 'training', userId: 'ann', client: 'mlflow-java', calls: 7, firstAt: '2026-01-01T00:00:00.000Z', lastAt: '2026-01-03T00:00:00.000Z' }
    ]
  }
  const folder = t.testdir({ 'old-paths.json': JSON.stringify(usage) })
  const text = await command(folder, [])
  t.match(text.out, /^KEY +OWNER[^\n]*\nkey_1 +ann +mlflow-java +7 [^\n]*training\n- +- +curl +3 [^\n]*no valid key\n$/)
  t.match(text.err, /no end/)
  t.match((await command(folder, [], { LEGACY_SUNSET: '2099-06-30' })).err, /end on 2099-06-30/)
  t.strictSame(JSON.parse((await command(folder, ['--json'])).out), { since: usage.since, sunset: null, uses: [...usage.uses].reverse() })
})

t.test('the command without counts, with broken ones, and used wrongly', async t => {
  const none = await command(t.testdir(), [])
  t.match(none, { code: 0, out: '', err: /no counts yet/ })
  t.strictSame(JSON.parse((await command(t.testdir(), ['--json'])).out), { since: null, sunset: null, uses: [] })
  const folder = t.testdir()
  writeFileSync(usageFile(folder), '{"uses": 7}')
  t.match(await command(folder, []), { code: 1, err: /cannot be read/ })
  await t.rejects(command(folder, ['--nope']))
})
