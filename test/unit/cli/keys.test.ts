import { execFileSync } from 'node:child_process'
import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { Input } from '../../../src/core/io.js'
import { KeyEndedError } from '../../../src/keys/conflicts.js'
import { StoreUnavailableError } from '../../../src/keys/contract.js'
import { hashKey } from '../../../src/keys/key.js'
import { openSqlite } from '../../../src/keys/stores/sqlite/store.js'
import { UsageError } from '../../../src/cli/command.js'
import { parseCsv } from '../../../src/cli/keys/csv.js'
import { keys } from '../../../src/cli/keys.js'
import { shapeA, shapeB, standIn, type Shape } from '../../helpers/upstream.js'

t.test('create prints the key alone on stdout, and the lines to paste on stderr', async t => {
  const { run, verify } = open(t)
  const { code, stdout, stderr } = await run('create', '--name', 'ci')
  t.equal(code, 0)
  t.match(stdout, /^hk_live_[0-9A-Za-z]{42}\n$/)
  const key = stdout.trim()
  t.match(stderr, '\n\nexport MLFLOW_TRACKING_URI=http://127.0.0.1:8080/mlflow\nexport MLFLOW_TRACKING_TOKEN=KEY\n')
  t.match(await verify(key), { valid: true, caller: { name: 'ci', userId: 'ci', scopes: new Set(['mlflow:read', 'mlflow:write']), workspaces: [] } })
  t.notMatch(stderr, key.slice(13), 'stderr may end in a log')
})

t.test('the lines to paste hold the key where both streams are terminals', async t => {
  const both = await open(t, {}, { stdout: true, stderr: true }).run('create', '--name', 'ci')
  t.match(both.stderr, `export MLFLOW_TRACKING_TOKEN=${both.stdout}`)
  for (const terminal of [{ stdout: true }, { stderr: true }]) {
    const { stdout, stderr } = await open(t, {}, terminal).run('create', '--name', 'ci')
    t.notMatch(stderr, stdout.slice(13, -1))
  }
})

t.test('--export prints lines that a shell takes, of create and of rotate', async t => {
  const { run, verify } = open(t)
  const exported = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await run(...args, '--export')
    const shown = execFileSync('sh', ['-c', 'eval "$1"; echo "$MLFLOW_TRACKING_URI $MLFLOW_TRACKING_TOKEN"', 'sh', stdout], { encoding: 'utf8' })
    const [uri, key = ''] = shown.trim().split(' ')
    t.equal(uri, 'http://127.0.0.1:8080/mlflow')
    t.match(await verify(key), { valid: true })
    t.notMatch(stderr, key.slice(13))
    return key
  }
  await exported('create', '--name', 'ci')
  const [{ id }] = JSON.parse((await run('list', '--json')).stdout) as [{ id: string }]
  await exported('rotate', id)
  await t.rejects(run('create', '--name', 'ci', '--export', '--json'), { constructor: UsageError, message: /--json and --export/ })
})

t.test('only commands that add keys make a store; each says on stderr which one it used', async t => {
  const { run, dataDir } = open(t)
  for (const args of [['list'], ['list', '--json'], ['show', 'key_x'], ['revoke', 'key_x'], ['rotate', 'key_x']]) {
    await t.rejects(run(...args), { name: 'NoStoreError', exitCode: 2, message: `There is no key store here (DATA_DIR=${dataDir}).` }, args.join(' '))
    t.notOk(existsSync(join(dataDir, 'keys.db')), args.join(' '))
  }
  await t.rejects(open(t, { KEYS_URL: 'sqlite:/nowhere/k.db' }).run('list'), { message: 'There is no key store here (KEYS_URL=sqlite:/nowhere/k.db).' })
  t.match((await run('create', '--name', 'x')).stderr, `Key store: sqlite:${join(dataDir, 'keys.db')}\n`)
  t.match((await run('list', '--json')).stderr, `Key store: sqlite:${join(dataDir, 'keys.db')}\n`)
})

t.test('the tracking URI is the one that people use', async t => {
  const uri = async (env: Record<string, string>): Promise<string | undefined> => /TRACKING_URI=(.*)/.exec((await open(t, env).run('create', '--name', 'x')).stderr)?.[1]
  t.equal(await uri({ PUBLIC_URL: 'https://registry.example/' }), 'https://registry.example/mlflow')
  t.equal(await uri({ HOST: '0.0.0.0', PORT: '9000' }), 'http://localhost:9000/mlflow')
  t.equal(await uri({ HOST: '::1' }), 'http://[::1]:8080/mlflow')
})

t.test('create --json gives everything about the new key', async t => {
  const { run, verify } = open(t)
  const { stdout } = await run('create', '--name', 'Zoë', '--user', 'z1', '--scopes', 'mlflow:read, model:write', '--expires', '90d', '--workspace', 'team-a', '--workspace', 'team-b', '--rate', '60/hour', '--env', 'test', '--json')
  const made = JSON.parse(stdout) as Record<string, unknown>
  t.match(made, { id: /^key_/, key: /^hk_test_/, name: 'Zoë', userId: 'z1', state: 'active', scopes: ['mlflow:read', 'mlflow:write'], workspaces: ['team-a', 'team-b'], ratePerHour: 60, trackingUri: 'http://127.0.0.1:8080/mlflow' })
  const days = (Date.parse(String(made['expiresAt'])) - Date.now()) / 86_400_000
  t.ok(days > 89.9 && days <= 90)
  t.match(await verify(String(made['key'])), { valid: true })
})

t.test('who ties a key to workspaces is told where MLflow keeps none apart, or cannot be asked; the key is made', async t => {
  const paste = 'export MLFLOW_TRACKING_TOKEN=KEY'
  const note = async (env: Record<string, string>, ...more: string[]): Promise<string | undefined> => {
    const { code, stdout, stderr } = await open(t, env).run('create', '--name', 'x', ...more)
    t.equal(code, 0)
    t.match(stdout, /^hk_live_/)
    return stderr.split('\n').at(-2)
  }
  const tied = ['--workspace', 'team-a']
  const at = async (shape: Shape): Promise<Record<string, string>> => ({ MLFLOW_UPSTREAM_URL: (await standIn(t, undefined, shape)).url.href })
  t.equal(await note(await at({ ...shapeA, workspaces: true }), ...tied), paste)
  t.match(await note(await at({ ...shapeA, workspaces: false }), ...tied), /^MLflow 3\.17\.2 does not separate workspaces: this key gets 403/)
  t.match(await note(await at(shapeB), ...tied), /^MLflow 3\.9\.0 does not separate workspaces/)
  t.equal(await note(await at(shapeB)), paste, 'a key that is not tied needs none')
  const before = performance.now()
  t.match(await note(await at({ ...shapeA, hangs: true }), ...tied), /could not be asked now/)
  t.ok(performance.now() - before < 5000)
  t.match(await note({ MLFLOW_UPSTREAM_URL: 'http://mlflow.invalid:5000' }, ...tied), /could not be asked now/)
  t.match(await note({}, ...tied), /could not be asked now/)
})

t.test('a name that no header can carry still gives a user that one can', async t => {
  const { run } = open(t)
  const { stdout } = await run('create', '--name', 'Zoë 🔑', '--json')
  t.match(JSON.parse(stdout), { name: 'Zoë 🔑', userId: 'Zo%C3%AB %F0%9F%94%91' })
})

t.test('a key without --rate has the default of the configuration, and --rate none has no limit', async t => {
  const { run } = open(t, { KEYS_DEFAULT_RATE: '600/hour' })
  const rateOf = async (...args: string[]): Promise<unknown> => (JSON.parse((await run('create', '--name', 'x', '--json', ...args)).stdout) as { ratePerHour: unknown }).ratePerHour
  t.equal(await rateOf(), 600)
  t.equal(await rateOf('--rate', '60/hour'), 60)
  t.equal(await rateOf('--rate', 'none'), null)
  const plain = open(t)
  t.match(JSON.parse((await plain.run('create', '--name', 'x', '--json')).stdout), { ratePerHour: null })
})

t.test('KEYS_MAX_LIFETIME bounds what create and update are asked for, and rotate; who asked for no expiry is told', async t => {
  const { run, dataDir } = open(t, { KEYS_MAX_LIFETIME: '30d' })
  const daysOf = (printed: string): number => (Date.parse((JSON.parse(printed) as { expiresAt: string }).expiresAt) - Date.now()) / 86_400_000
  const note = /The key expires at 2\S+Z: KEYS_MAX_LIFETIME allows none to live longer\./
  const endless = await run('create', '--name', 'x', '--json')
  t.ok(daysOf(endless.stdout) > 29.9 && daysOf(endless.stdout) <= 30)
  t.match(endless.stderr, note)
  const short = await run('create', '--name', 'y', '--expires', '5d', '--json')
  t.ok(daysOf(short.stdout) <= 5)
  t.notMatch(short.stderr, note)
  const { id } = JSON.parse(short.stdout) as { id: string }
  for (const args of [['create', '--name', 'x', '--expires', '31d'], ['update', id, '--expires', '2990-01-01']]) {
    await t.rejects(run(...args), { constructor: UsageError, exitCode: 2, message: /is too far ahead: KEYS_MAX_LIFETIME allows no expiry after 2/ }, args.join(' '))
  }
  const never = await run('update', id, '--expires', 'never', '--json')
  t.ok(daysOf(never.stdout) > 29.9)
  t.match(never.stderr, note)
  t.notMatch((await run('update', id, '--name', 'z')).stderr, note)
  const store = openSqlite(join(dataDir, 'keys.db'))
  const { record } = await store.create({ name: 'old', userId: 'u1', environment: 'live', scopes: new Set(), workspaces: [], ratePerHour: undefined, expiresAt: undefined })
  await store.close()
  const rotated = await run('rotate', record.keyId, '--json')
  t.ok(daysOf(rotated.stdout) <= 30)
  t.match(rotated.stderr, note)
})

t.test('a key is disabled and enabled, by whatever names it', async t => {
  const { run, verify } = open(t)
  const { id, key } = JSON.parse((await run('create', '--name', 'ci', '--json')).stdout) as { id: string, key: string }
  t.match((await run('disable', 'ci', '--reason', 'on leave')).stdout, new RegExp(`^${id} is disabled since 2\\S+Z; "keys enable" ends that\\.\\n$`))
  t.match(await verify(key), { valid: false, reason: 'disabled' })
  t.match(JSON.parse((await run('list', '--state', 'disabled', '--json')).stdout), [{ id, state: 'disabled', disableReason: 'on leave', disabledAt: String }])
  t.match((await run('list')).stdout, /disabled/)
  t.strictSame(JSON.parse((await run('list', '--state', 'active', '--json')).stdout), [])
  await t.rejects(run('rotate', id), { constructor: KeyEndedError, message: /disabled: enable it first/ })
  t.match(JSON.parse((await run('enable', id, '--json')).stdout), { id, state: 'active', disabledAt: null })
  t.match(await verify(key), { valid: true })
  t.equal((await run('disable', 'nobody')).code, 1)
  await t.rejects(run('disable'), { constructor: UsageError, message: /ID/ })
  t.equal((await run('update', id, '--owner', 'ada')).code, 0)
  t.match(await verify(key), { valid: true, caller: { userId: 'ada', name: 'ci' } })
  await t.rejects(run('update', id, '--owner', 'Zoë'), { constructor: UsageError, message: /A user must have/ })
})

t.test('an empty list of scopes grants nothing', async t => {
  const { run } = open(t)
  for (const args of [['--scopes', ''], ['--scopes='], ['--scopes', ' ']]) {
    t.strictSame((JSON.parse((await run('create', '--name', 'x', '--json', ...args)).stdout) as { scopes: string[] }).scopes, [])
  }
})

t.test('what cannot be meant is wrong usage, and makes no key', async t => {
  const { run } = open(t)
  const wrong: Array<[string[], RegExp]> = [
    [[], /create, list, show, find, update, disable, enable, revoke/],
    [['destroy'], /create, list/],
    [['constructor'], /create, list/],
    [['create'], /--name/],
    [['create', '--name', ' '], /name/],
    [['create', '--name', 'a\u001b[2J'], /control character/],
    [['create', '--name', 'x', '--scopes', 'mlflow:raed'], /"mlflow:raed" is not a scope/],
    [['create', '--name', 'x', '--scopes', 'mlflow:read,'], /"" is not a scope/],
    [['create', '--name', 'x', '--scopes', 'hk_live_secret'], /^The value given is not a scope/],
    [['create', '--name', 'x', '--user', 'a\nb'], /user/],
    [['create', '--name', 'x', '--env', 'prod'], /live or test/],
    [['create', '--name', 'x', '--frob'], /--frob/],
    [['show'], /ID/],
    [['revoke', 'a', 'b'], /ID/],
    [['revoke', 'key_x', '--reason', ''], /reason/],
    [['rotate', 'key_x', '--overlap', 'soon'], /"soon" is not a duration/],
    [['import'], /FILE/],
    [['import', '/nowhere/keys.json'], /Cannot read/],
    ...['0/hour', '60', '60/day', '-1/hour', '1.5/hour', '1e3/hour', '/hour', ''].map((rate): [string[], RegExp] => [['create', '--name', 'x', `--rate=${rate}`], /is not a rate/]),
    ...['0d', '90', 'd', '1y', '-1d', '999999999w', '2020-01-01', '2027-02-30', '2027-13-01', 'never', ''].map((expires): [string[], RegExp] => [['create', '--name', 'x', `--expires=${expires}`], /is not (a date|a duration|an expiry)/]),
    ...['', 'A', 'a', 'Team', 'a_b', '-ab', 'ab-', 'api', 'a/b', 'x'.repeat(64)].map((workspace): [string[], RegExp] => [['create', '--name', 'x', `--workspace=${workspace}`], /is not a workspace/])
  ]
  for (const [args, message] of wrong) {
    await t.rejects(run(...args), { constructor: UsageError, message }, args.join(' '))
  }
  await t.rejects(run('list'), { name: 'NoStoreError' })
})

t.test('an expiry can be a date', async t => {
  const { run } = open(t)
  const expiry = async (text: string): Promise<unknown> => (JSON.parse((await run('create', '--name', 'x', '--json', '--expires', text)).stdout) as { expiresAt: unknown }).expiresAt
  t.equal(await expiry('2990-06-30'), '2990-06-30T00:00:00.000Z')
  t.equal(await expiry('2990-06-30T12:30:00+02:00'), '2990-06-30T10:30:00.000Z')
})

t.test('list and show tell what a key may do and never the key', async t => {
  const { run } = open(t)
  const { id, key } = JSON.parse((await run('create', '--name', 'ci', '--json')).stdout) as { id: string, key: string }
  for (const args of [['list'], ['list', '--json'], ['show', id], ['show', id, '--json']]) {
    const { code, stdout } = await run(...args)
    t.equal(code, 0)
    t.match(stdout, id)
    t.match(stdout, /ci/)
    t.notMatch(stdout, key.slice(13), args.join(' '))
  }
  t.match(JSON.parse((await run('list', '--json')).stdout), [{ id, state: 'active' }])
})

t.test('the list fits a terminal of 80 columns, and --wide has it all', async t => {
  const { run } = open(t, {}, { stdout: true })
  await run('create', '--name', 'a rather long name for the key of a nightly build', '--scopes', 'mlflow:write,mlflow:gateway', '--expires', '90d')
  const { stdout } = await run('list')
  for (const line of stdout.trimEnd().split('\n')) t.ok(line.length <= 80, line)
  t.match(stdout, /active +a rat.* +write,ga… +in 89 d +- +a rat/)
  t.match((await run('list', '--wide')).stdout, /hk_live_.{4}… +active +a .* +mlflow:write,mlflow:gateway +- +20.*-.* nightly build *\n/)
})

t.test('a key is found by its own text, from standard input alone, by its hint, name and owner', async t => {
  const { run, ask } = open(t)
  const { id, key, hint } = JSON.parse((await run('create', '--name', 'Nightly CI', '--user', 'ada', '--json')).stdout) as { id: string, key: string, hint: string }
  await run('create', '--name', 'other')
  const found = (result: Result): string[] => (JSON.parse(result.stdout) as Array<{ id: string }>).map(each => each.id)
  t.strictSame(found(await ask(`${key}\n`, 'find', '--key', '--json')), [id])
  for (const text of [id, hint, 'nightly', 'ada']) t.strictSame(found(await run('find', text, '--json')), [id], text)
  t.match(await ask(`${key}x`, 'find', '--key'), { code: 1, stdout: '' })
  t.match(await run('find', key), { code: 1 }, 'an argument is not taken for a key')
  for (const text of ['', 'two words', 'x'.repeat(5000)]) await t.rejects(ask(text, 'find', '--key'), { constructor: UsageError, message: /./ }, text.slice(0, 9))
  for (const args of [['find'], ['find', 'a', 'b'], ['find', 'a', '--key']]) await t.rejects(run(...args), { constructor: UsageError, message: /TEXT, or --key/ })
})

t.test('a leaked key is revoked by its own text; a name that two keys have needs an ID', async t => {
  const { run, ask, verify } = open(t)
  const key = (await run('create', '--name', 'ci')).stdout.trim()
  const { code, stdout, stderr } = await ask(key, 'revoke', '--key', '--reason', 'leaked')
  t.match({ code, stdout }, { code: 0, stdout: /was revoked/ })
  t.notMatch(stdout + stderr, key.slice(13))
  t.match(await verify(key), { valid: false, reason: 'revoked' })
  await t.rejects(ask(key, 'revoke', 'ci', '--key'), { constructor: UsageError, message: /./ })
  const second = (await run('create', '--name', 'ci')).stdout.trim()
  await t.rejects(run('revoke', 'ci'), { exitCode: 1, message: /2 keys are called that.*key_.*key_/ })
  t.match(await run('revoke', second.slice(0, 12)), { code: 0 }, 'by the hint')
  t.match(await verify(second), { valid: false })
})

t.test('on a terminal the key is asked for, and not shown', async t => {
  const { run, ask } = open(t)
  const key = (await run('create', '--name', 'ci')).stdout.trim()
  const modes: boolean[] = []
  const typed = (text: string): Input => {
    const input = Readable.from([...text])
    const setRawMode = (raw: boolean): void => { if (!input.destroyed) modes.push(raw) } // a terminal that was let go of stays as it is
    return Object.assign(input, { isTTY: true, setRawMode })
  }
  const { code, stderr } = await ask(typed(`x\u007f${key}\rrest`), 'find', '--key')
  t.equal(code, 0)
  t.match(stderr, 'Key (not shown): \n')
  t.notMatch(stderr, key.slice(13))
  await t.rejects(ask(typed('hk_\u0003'), 'find', '--key'), { constructor: UsageError, message: 'No key was given.' })
  t.strictSame(modes, [true, false, true, false], 'and the terminal is as it was')
})

t.test('update changes what it names, and nothing else', async t => {
  const { run, verify } = open(t)
  const { id, key } = JSON.parse((await run('create', '--name', 'ci', '--rate', '60/hour', '--workspace', 'team-a', '--json')).stdout) as { id: string, key: string }
  const update = async (...args: string[]): Promise<Record<string, unknown>> => JSON.parse((await run('update', id, '--json', ...args)).stdout) as Record<string, unknown>
  t.match(await update('--name', 'nightly'), { name: 'nightly', userId: 'ci', ratePerHour: 60, workspaces: ['team-a'], expiresAt: null })
  t.match(await update('--rate', 'none', '--scopes', 'mlflow:read', '--expires', '2990-01-01'), { ratePerHour: null, scopes: ['mlflow:read'], expiresAt: '2990-01-01T00:00:00.000Z' })
  t.strictSame((await update('--all-workspaces'))['workspaces'], [])
  t.match(await update('--workspace', 'team-b', '--expires', 'never', '--scopes='), { workspaces: ['team-b'], expiresAt: null, scopes: [] })
  t.match(await verify(key), { valid: true, caller: { name: 'nightly', workspaces: ['team-b'] } })
  t.match((await run('update', 'nightly', '--name', 'ci')).stdout, /name +ci\n/)
  t.match(await run('update', 'nobody', '--name', 'x'), { code: 1 })
  for (const args of [['update', id], ['update'], ['update', id, '--workspace', 'team-a', '--all-workspaces'], ['update', id, '--scopes', 'x'], ['update', id, '--expires', '2020-01-01']]) {
    await t.rejects(run(...args), { constructor: UsageError, message: /./ }, args.join(' '))
  }
  await run('revoke', id)
  await t.rejects(run('update', id, '--name', 'x'), { name: 'KeyEndedError' })
})

t.test('--allow binds a key, --allow none frees it; show, list --wide and --json say so', async t => {
  const { run, verify } = open(t)
  const allowed = ['--allow', 'read:*', '--allow', 'write:experiments/team-a/*']
  const texts = ['read:*', 'write:experiments/team-a/*']
  const { id, key, permissions } = JSON.parse((await run('create', '--name', 'ci', ...allowed, '--json')).stdout) as { id: string, key: string, permissions: string[] }
  t.strictSame(permissions, texts)
  t.match(await verify(key), { valid: true, caller: { permissions: { texts } } })
  t.match((await run('show', id)).stdout, /^permissions {3}read:\*,write:experiments\/team-a\/\*$/m)
  const wide = (await run('list', '--wide')).stdout.split('\n')
  t.match(wide, [/ SCOPES +PERMISSIONS /, / mlflow:read,mlflow:write +read:\*,write:experiments\/team-a\/\* /])
  const update = async (...args: string[]): Promise<Record<string, unknown>> => JSON.parse((await run('update', id, '--json', ...args)).stdout) as Record<string, unknown>
  t.strictSame((await update('--name', 'x'))['permissions'], texts)
  t.strictSame((await update('--allow', 'read:models/a b, c'))['permissions'], ['read:models/a b, c'], 'a name may hold commas and spaces')
  for (const args of [['update', id, '--scopes', 'mlflow:admin'], ['create', '--name', 'x', '--scopes', 'mlflow:admin', '--allow', 'read:*']]) {
    await t.rejects(run(...args), { exitCode: 2, message: 'A key with mlflow:admin may do everything: it cannot have permissions, too.' })
  }
  t.strictSame((await update('--allow', 'none'))['permissions'], [])
  t.match(await verify(key), { valid: true, caller: { permissions: undefined } })
  t.match((await run('show', id)).stdout, /^permissions {3}-$/m)
  t.match((await run('list', '--wide')).stdout, / mlflow:read,mlflow:write +- /)
  for (const [args, message] of [
    [['create', '--name', 'x', '--allow', 'models/*'], /^"models\/\*" is not a permission: write read:\*/],
    [['create', '--name', 'x', '--allow', 'none'], /^"none" is not a permission/],
    [['create', '--name', 'x', '--allow', `read:models/${'x'.repeat(300)}`], /at most 300 characters/],
    [['create', '--name', 'x', ...Array.from({ length: 101 }, (_, index) => ['--allow', `read:models/${index}`]).flat()], /at most 100 permissions/],
    [['update', id, '--allow', 'none', '--allow', 'read:*'], /--allow none and other permissions contradict/]
  ] as const) await t.rejects(run(...args), { constructor: UsageError, message })
})

t.test('permissions of an import are a list, or texts between commas or spaces', async t => {
  const { run, verify, file } = open(t)
  const texts = ['read:*', 'write:models/team-a-*']
  const csv = file(`key,permissions\n${'a'.repeat(20)},"${texts.join(' ')}"\n${'b'.repeat(20)},\n`)
  t.match(await run('import', csv), { code: 0, stdout: '2 imported, 0 already known.\n' })
  t.match(await verify('a'.repeat(20)), { valid: true, caller: { permissions: { texts } } })
  t.match(await verify('b'.repeat(20)), { valid: true, caller: { permissions: undefined } })
  const lines = file(`${JSON.stringify({ key: 'c'.repeat(20), permissions: ['read:models/a b'] })}\n`)
  t.match(await run('import', lines), { code: 0 })
  t.match(await verify('c'.repeat(20)), { valid: true, caller: { permissions: { texts: ['read:models/a b'] } } })
  for (const row of [{ permissions: 'read:models/a b' }, { permissions: ['all'] }, { permissions: 7 }, { permissions: ['read:*'], is_admin: true }]) {
    await t.rejects(run('import', file(JSON.stringify({ key: 'd'.repeat(20), ...row }))), { constructor: UsageError, message: /^Nothing was imported:\nline 1: / })
  }
})

t.test('the list can be filtered and sorted, and points out active keys of one name', async t => {
  const { run } = open(t)
  const made: string[] = []
  for (const [name, user, ...more] of [['b', 'ada'], ['a', 'bob', '--expires', '9d'], ['c', 'ada', '--expires', '3d'], ['b', 'bob']]) {
    made.push((JSON.parse((await run('create', '--name', String(name), '--user', String(user), '--json', ...more)).stdout) as { id: string }).id)
  }
  await run('revoke', made[2] ?? '')
  const listed = async (...args: string[]): Promise<number[]> => (JSON.parse((await run('list', '--json', ...args)).stdout) as Array<{ id: string }>).map(({ id }) => made.indexOf(id))
  t.strictSame(await listed(), [0, 1, 2, 3])
  t.strictSame(await listed('--state', 'active'), [0, 1, 3])
  t.strictSame(await listed('--state', 'revoked'), [2])
  t.strictSame(await listed('--user', 'ada'), [0, 2])
  t.strictSame(await listed('--sort', 'name'), [1, 0, 3, 2])
  t.strictSame(await listed('--sort', 'expires'), [2, 1, 0, 3])
  await t.rejects(run('list', '--sort', 'size'), { constructor: UsageError, message: /created, expires, used, name/ })
  await t.rejects(run('list', '--state', 'gone'), { constructor: UsageError, message: /./ })
  t.match((await run('list')).stderr, `2 active keys have the name "b": ${made[0]}, ${made[3]}.`)
  const next = (JSON.parse((await run('rotate', made[0] ?? '', '--overlap', '1h', '--json')).stdout) as { id: string }).id
  await run('revoke', made[3] ?? '')
  const { stdout, stderr } = await run('list')
  t.notMatch(stderr, /active keys/, 'a key that is being replaced is meant to be beside the other')
  t.match(stdout, new RegExp(`^${made[0]}.* ada .*${next} +b$`, 'm'))
})

t.test('prune forgets what was revoked before a time', async t => {
  const { run } = open(t)
  const { id } = JSON.parse((await run('create', '--name', 'old', '--json')).stdout) as { id: string }
  await run('create', '--name', 'new')
  await run('revoke', id)
  t.match(await run('prune', '--revoked-before', '1d'), { code: 0, stdout: '0 keys forgotten.\n' })
  t.strictSame(JSON.parse((await run('prune', '--revoked-before', '2990-01-01', '--json')).stdout), { pruned: 1 })
  t.match(await run('show', id), { code: 1 })
  await t.rejects(run('prune'), { constructor: UsageError, message: /--revoked-before/ })
})

t.test('revoke ends a key and keeps the reason', async t => {
  const { run, verify } = open(t)
  const { id, key } = JSON.parse((await run('create', '--name', 'ci', '--json')).stdout) as { id: string, key: string }
  t.match(await run('revoke', id, '--reason', 'laptop lost'), { code: 0, stdout: /was revoked at/ })
  t.match(await verify(key), { valid: false, reason: 'revoked' })
  t.match(JSON.parse((await run('show', id, '--json')).stdout), { state: 'revoked', revokeReason: 'laptop lost' })
})

t.test('rotate gives a new key, and the old one for as long as it is told', async t => {
  const { run, verify } = open(t)
  const first = JSON.parse((await run('create', '--name', 'ci', '--json')).stdout) as { id: string, key: string }
  const second = JSON.parse((await run('rotate', first.id, '--overlap', '24h', '--json')).stdout) as { id: string, key: string }
  t.match(await verify(first.key), { valid: true })
  t.match(await verify(second.key), { valid: true })
  t.match(JSON.parse((await run('show', first.id, '--json')).stdout), { replacedBy: second.id })
  const third = await run('rotate', second.id)
  t.match(third.stdout, /^hk_live_\w{42}\n$/)
  t.match(await verify(second.key), { valid: false, reason: 'revoked' })
  await t.rejects(run('rotate', second.id), { constructor: KeyEndedError, exitCode: 1, message: /revoked/ })
})

t.test('an ID that no key has is a failure, and is not repeated: it may be a key', async t => {
  const { run } = open(t)
  await run('create', '--name', 'x')
  for (const action of ['show', 'revoke', 'rotate']) {
    const result = await run(action, `hk_live_${'a'.repeat(42)}`)
    t.match(result, { code: 1, stdout: '', stderr: /No key has this ID/ }, action)
    t.notMatch(result.stderr, /hk_live/)
  }
})

t.test('keys come in from JSON lines, a JSON array and CSV', async t => {
  const { run, verify, file } = open(t)
  const old = (digit: string, length: number): string => `hk_live_${digit.repeat(length)}`
  const files = [
    `${JSON.stringify({ key: old('1', 32), user_id: 'u1', name: 'one', scopes: ['mlflow:read'], email: 'a@example.com' })}\n\n${JSON.stringify({ key_hash: hashKey(old('2', 40)), userId: 2, scopes: [] })}\n`,
    JSON.stringify([{ key: old('3', 42), scopes: 'mlflow:read mlflow:gateway', expires_at: '2990-01-01T00:00:00Z', is_admin: false, revoked_at: null }, { KEY: old('4', 12), is_admin: true, expires_at: 32_503_680_000 }], null, 2),
    `\uFEFFkey,user_id,name,scopes,expires_at\r\n${old('5', 32)},u5,"a, ""b""","mlflow:read,model:write",\r\n\r\n${old('6', 32)},,,,2990-01-01\r\n`
  ]
  for (const text of files) t.match(await run('import', file(text)), { code: 0, stdout: '2 imported, 0 already known.\n' })
  const scopes = async (key: string): Promise<string[]> => {
    const verdict = await verify(key)
    return verdict.valid ? [...verdict.caller.scopes] : [verdict.reason]
  }
  t.strictSame(await scopes(old('1', 32)), ['mlflow:read'])
  t.strictSame(await scopes(old('2', 40)), [])
  t.strictSame(await scopes(old('3', 42)), ['mlflow:read', 'mlflow:gateway'])
  t.strictSame(await scopes(old('4', 12)), ['mlflow:read', 'mlflow:write', 'mlflow:admin'])
  t.strictSame(await scopes(old('5', 32)), ['mlflow:read', 'mlflow:write'])
  t.strictSame(await scopes(old('6', 32)), [], 'an empty cell is an empty list')
  t.match(await verify(old('5', 32)), { caller: { name: 'a, "b"', userId: 'u5', expiresAt: undefined } })
  t.match(await verify(old('2', 40)), { caller: { userId: '2' } })
  t.match(await verify(old('4', 12)), { caller: { expiresAt: Date.parse('3000-01-01') } })
  t.match(JSON.parse((await run('import', file(files[0] ?? ''), '--json')).stdout), { imported: 0, known: 2 })
})

t.test('one bad line, named by its number, and nothing is imported', async t => {
  const { run, file } = open(t)
  const long = (letter: string): string => letter.repeat(20)
  const bad: Array<[string, RegExp]> = [
    [`{"key":"${long('a')}"}\n\n{"key":"${long('b')}","scopes":["x"]}\nnope\n{"key":"${long('a')}"}`, /line 3: "x" is not a scope[^]*line 4: It is not a JSON object[^]*line 5: It repeats the key of line 1/],
    [`[{"key":"${long('a')}"},{"name":"b"},7]`, /line 2: It has neither a key nor a key_hash[^]*line 3: It is not a JSON object/],
    [`key,scopes\n${long('a')},mlflow:read\n"b\nc",mlflow:read\n${long('d')},x`, /line 3: The key is not[^]*line 5: "x"/],
    [`key\n${long('a')},b`, /line 2: It has an unknown field/],
    [`[{"key":"${long('a')}"}`, /JSON array/],
    [`{"key":"${long('a')}","expire_at":"2030-01-01"}`, /line 1: "expire_at" is not a field/],
    [`{"key":"${long('a')}","expires_at":"tomorrow"}`, /line 1: "tomorrow" is not a date/],
    [`{"key":"${long('a')}","rate_per_hour":0}`, /line 1: The rate_per_hour/],
    [`{"key":"${long('a')}","scopes":[1]}`, /line 1: The scopes/],
    [`{"key":"${long('a')}","workspaces":["A"]}`, /line 1: "A" is not a workspace/],
    [`{"key":"${long('a')}","key_hash":"b"}`, /line 1: It has a key and a key_hash/],
    ['{"key_hash":"b"}', /line 1: The key_hash/],
    [`{"key":"${long('a')}","is_active":false}`, /line 1: The key is not active/],
    [`{"key":"${long('a')}","revoked_at":"2020-01-01"}`, /line 1: The key is revoked/],
    [`{"key":"${long('a')}","user_id":{}}`, /line 1: The user_id is not text/],
    [`{"key":"${'s'.repeat(19)}"}\n{"key":"${'s'.repeat(20)}"}\n{"key":"x"}`, /^Nothing was imported:\nline 1: The key has 19 characters[^\n]*\nline 3: The key has 1 characters[^\n]*$/],
    ['', /no keys/]
  ]
  for (const [text, message] of bad) await t.rejects(run('import', file(text)), { constructor: UsageError, message }, text)
  await t.rejects(run('list'), { name: 'NoStoreError' })
})

t.test('what is said of a bad import never holds a key', async t => {
  const { run, file } = open(t)
  const key = `hk_live_${'s'.repeat(42)}`
  for (const text of [`{"key":"${key}"`, `{"key":"${key}","scopes":["${key}"]}`, `{"${key}":1}`, `[{"key":"${key}"}`, `key\n"${key} "`, `{"key":"${'a'.repeat(20)}","expires_at":"${key}"}`, `{"key":"${key}","workspaces":["${key}"]}`]) {
    const error = await run('import', file(text)).then(() => undefined, (error: unknown) => error as Error)
    t.ok(error instanceof UsageError)
    t.notMatch(error?.message, /ssss/, text)
  }
})

t.test('the auth service owns its keys', async t => {
  const { run } = open(t, { KEYS_URL: 'http://127.0.0.1:9/' })
  for (const args of [['create', '--name', 'x'], ['list'], ['revoke', 'key_x']]) await t.rejects(run(...args), { name: 'StoreNotOursError' }, args.join(' '))
})

t.test('a store that cannot be used is a failure in one sentence', async t => {
  const { run, dataDir } = open(t)
  writeFileSync(join(dataDir, 'keys.db'), 'x'.repeat(8192))
  await t.rejects(run('list'), { constructor: StoreUnavailableError, exitCode: 1, message: 'The key database cannot be used: file is not a database.' })
})

t.test('the store that a command makes is for its owner alone', async t => {
  const { run, dataDir } = open(t)
  await run('create', '--name', 'x')
  t.equal(statSync(join(dataDir, 'keys.db')).mode & 0o777, 0o600)
})

t.test('CSV that was written is read back as it was', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'b', ',', '"', '\n', ' ', 'ü') })
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`
  fc.assert(fc.property(fc.array(fc.tuple(cell, cell), { maxLength: 5 }), fc.constantFrom('\n', '\r\n'), (rows, end) => {
    const written = [['x', 'y'], ...rows].map(row => row.map(quoted).join(',') + end).join('')
    const kept = rows.filter(row => row.some(text => text !== ''))
    return JSON.stringify(parseCsv(written).map(({ value }) => [value['x'], value['y']])) === JSON.stringify(kept)
  }))
})

interface Result {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** The command with a data folder of its own, and a look into its store. */
function open (t: Test, env: Readonly<Record<string, string>> = {}, terminal: { readonly stdout?: boolean, readonly stderr?: boolean } = {}) {
  const dataDir = t.testdir()
  let files = 0
  const ask = async (input: string | Input | undefined, ...args: string[]): Promise<Result> => {
    const written = { stdout: '', stderr: '' }
    const stream = (name: keyof typeof written) => ({ write: (text: string) => { written[name] += text }, isTTY: terminal[name] ?? false })
    const stdin = (): Input => typeof input === 'string' ? Readable.from([input]) : input ?? Readable.from([])
    const code = await keys.run(args, { stdin, stdout: stream('stdout'), stderr: stream('stderr'), env: { DATA_DIR: dataDir, ...env } })
    return { code, ...written }
  }
  return {
    dataDir,
    /** With what is on standard input. */
    ask,
    run: async (...args: string[]): Promise<Result> => await ask(undefined, ...args),
    verify: async (key: string) => {
      const store = openSqlite(join(dataDir, 'keys.db'))
      const verdict = await store.verify(key, '')
      await store.close()
      return verdict
    },
    file: (text: string): string => {
      const path = join(dataDir, `import-${++files}`)
      writeFileSync(path, text)
      return path
    }
  }
}
