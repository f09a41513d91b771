/** `hokusai-mlflow audit`, and the events of commands that change keys. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { lineOf, readLine, type AuditEvent } from '../../../src/audit/event.js'
import { momentOf } from '../../../src/audit/read/moment.js'
import { main } from '../../../src/cli/main.js'

const line = (number: number, more: Partial<AuditEvent> = {}): string =>
  lineOf({ seq: number, source: 's', time: new Date(Date.now() - (10 - number) * 60_000).toISOString(), operation: 'deleteRun', outcome: 'allowed', ...more })

async function run (env: Record<string, string>, args: readonly string[], stdin = ''): Promise<{ code: number, stdout: string, stderr: string }> {
  let [stdout, stderr] = ['', '']
  const io = {
    stdout: { write: (text: string) => { stdout += text } },
    stderr: { write: (text: string) => { stderr += text } },
    stdin: () => (async function * () { yield stdin })(),
    env
  }
  return { code: await main(args, io), stdout, stderr }
}

const place = (t: Test): Record<string, string> => {
  const folder = t.testdir()
  return { DATA_DIR: folder, AUDIT_LOG: join(folder, 'audit.log') }
}

t.test('events are listed, the newest first, for people and for programs, by what was asked for', async t => {
  const env = place(t)
  writeFileSync(env['AUDIT_LOG'] ?? '', `${line(1, { user: 'ann', resource: { name: 'a\u001b[2Jb' } })}${line(2, { outcome: 'refused', reason: 'scope', key_id: 'key_a' })}garbage\n${line(3)}`)
  const all = await run(env, ['audit'])
  t.equal(all.code, 0)
  t.match(all.stdout, /^TIME .*\n.*deleteRun.*\n.*refused .*key_a.*scope.*\n.*ann/)
  t.notOk(all.stdout.includes('\u001b'))
  t.equal(all.stderr, '1 line is no audit event, and was skipped.\n')
  const seqs = async (...args: string[]): Promise<number[]> => (JSON.parse((await run(env, ['audit', '--json', ...args])).stdout) as { events: AuditEvent[] }).events.map(({ seq }) => seq)
  t.strictSame(await seqs(), [3, 2, 1])
  t.strictSame(await seqs('--outcome', 'refused'), [2])
  t.strictSame(await seqs('--reason', 'scope', '--key', 'key_a'), [2])
  t.strictSame(await seqs('--user', 'ann', '--operation', 'deleteRun'), [1])
  t.strictSame(await seqs('--since', '510s', '--until', '450s'), [2])
  t.strictSame(await seqs('--limit', '2'), [3, 2])
  t.match(await run(env, ['audit', '--limit', '2']), { code: 0, stderr: /There are more: raise --limit/ })
  t.match(await run(env, ['audit', '--user', 'bob']), { code: 0, stdout: '', stderr: /No audit event fits/ })
})

t.test('wrong usage, and a place where nothing is kept, end with 2', async t => {
  const env = place(t)
  for (const args of [['--outcome', 'maybe'], ['--reason', 'scopes'], ['--since', 'yesterday'], ['--until', '2026-13-01'], ['--limit', '0'], ['--limit', '100001'], ['x']]) {
    t.equal((await run(env, ['audit', ...args])).code, 2, args.join(' '))
  }
  t.match(await run({ ...env, AUDIT_LOG: 'stdout' }, ['audit']), { code: 2, stderr: /on standard output of the server/ })
  t.match(await run({ ...env, AUDIT_LOG: 'off' }, ['audit']), { code: 2, stderr: /AUDIT_LOG is off/ })
  t.match(await run(env, ['audit']), { code: 0, stderr: /No audit event fits/ }, 'a file that is not there yet')
})

t.test('each command that changes keys writes one event, others none, and no event holds a key', async t => {
  const env = place(t)
  const events = (): AuditEvent[] => readFileSync(env['AUDIT_LOG'] ?? '', 'utf8').split('\n').flatMap(text => readLine(text) ?? [])
  const created = JSON.parse((await run(env, ['keys', 'create', '--name', 'ann', '--json'])).stdout) as { id: string, key: string }
  await run(env, ['keys', 'list'])
  await run(env, ['keys', 'update', created.id, '--rate', '60/hour'])
  await run(env, ['keys', 'disable', created.id, '--reason', 'away'])
  await run(env, ['keys', 'enable', created.id])
  const rotated = JSON.parse((await run(env, ['keys', 'rotate', created.id, '--json'])).stdout) as { id: string, key: string }
  await run(env, ['keys', 'revoke', '--key'], rotated.key)
  await run(env, ['keys', 'revoke', 'nobody'])
  await run(env, ['keys', 'prune', '--revoked-before', '1d'])
  const file = join(env['DATA_DIR'] ?? '', 'keys.json')
  writeFileSync(file, JSON.stringify([{ key: 'foreign-key-of-twenty-characters', user_id: 'bob', name: 'bob' }]))
  await run(env, ['keys', 'import', file])
  await run(env, ['keys', 'migrate', '--to', `sqlite:${join(env['DATA_DIR'] ?? '', 'other.db')}`, '--dry-run'])
  await run(env, ['keys', 'migrate', '--to', `sqlite:${join(env['DATA_DIR'] ?? '', 'other.db')}`])
  t.strictSame(events().map(({ operation }) => operation), ['create', 'update', 'disable', 'enable', 'rotate', 'revoke', 'prune', 'import', 'migrate'].map(action => `keys.${action}`))
  t.match(events()[0], { seq: 1, outcome: 'allowed', user: String, resource: { id: created.id, name: 'ann', user: 'ann' } })
  t.match(events()[1], { resource: { id: created.id, changes: 'ratePerHour' } })
  t.match(events()[4], { resource: { id: created.id, new_id: rotated.id } })
  t.match(events()[5], { resource: { id: rotated.id } })
  t.notMatch(readFileSync(env['AUDIT_LOG'] ?? '', 'utf8'), new RegExp(`${created.key}|${rotated.key}|foreign-key`))
})

t.test('a command that cannot write its event has done its work, and says so', async t => {
  const env = { ...place(t), AUDIT_LOG: '/proc/none/audit.log' }
  t.match(await run(env, ['keys', 'create', '--name', 'ann']), { code: 0, stdout: /^hk_live_/, stderr: /audit event could not be written: .*ENOENT/ })
  const away = { ...env, AUDIT_LOG: 'postgres://u:secret@127.0.0.1:9/d?sslmode=disable' }
  const { code, stderr } = await run(away, ['keys', 'create', '--name', 'ann'])
  t.equal(code, 0)
  t.match(stderr, /audit event could not be written: The audit database cannot be reached/)
  t.notMatch(stderr, /secret/)
  t.match(await run(away, ['audit']), { code: 1, stderr: /The audit database cannot be reached/ })
})

t.test('moments', t => {
  const now = Date.parse('2026-12-01T12:00:00Z')
  for (const [text, at] of [['90m', '2026-12-01T10:30:00Z'], ['2d', '2026-11-29T12:00:00Z'], ['2026-11-30', '2026-11-30T00:00:00Z'], ['2026-11-30T10:00', '2026-11-30T10:00:00Z'], ['2026-11-30T10:00:00.5+02:00', '2026-11-30T08:00:00.5Z']]) {
    t.equal(momentOf(text ?? '', now), Date.parse(at ?? ''), text ?? '')
  }
  t.equal(momentOf('999999999w', now), 0)
  for (const text of ['', '1', '1y', '2026', '2026-13-01', '2026-11-30Q', 'now']) t.equal(momentOf(text, now), undefined, text)
  t.end()
})
