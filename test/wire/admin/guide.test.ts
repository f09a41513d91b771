/** The examples of docs/admin.md, as they stand there, in front of a store of its own. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import t from 'tap'
import { openManaged } from '../../helpers/managed.js'

const isTls = process.env.FACADE_TLS === '1' // see helpers/app.ts

t.test('all examples work, one after the other', async t => {
  const { up, store, admin } = await openManaged(t)
  const [placeholders = '', ...examples] = [...readFileSync('docs/admin.md', 'utf8').matchAll(/```sh\n([\s\S]*?)\n```/g)].map(([, code = '']) => code)
  t.match(placeholders, /^export FACADE=\S+\nexport ADMIN_KEY=hk_live_…$/)
  t.ok(examples.length >= 8)
  const env = { ...process.env, FACADE: `http${isTls ? 's' : ''}://127.0.0.1:${up.port}`, ADMIN_KEY: admin.key }
  const script = ['set -euo pipefail', ...isTls ? ['curl () { command curl --insecure "$@"; }'] : [], ...examples].join('\n')
  const { stdout } = await promisify(execFile)('bash', ['-c', script], { env, timeout: 60_000 })
  t.match(stdout, /"disable_reason":"on leave until May"/)
  t.match(stdout, /"revoke_reason":"rotated early"/)
  t.match(stdout, /"imported":1\}/)
  const records = await store.list()
  t.strictSame(records.map(({ name, revokedAt }) => [name, revokedAt !== undefined]), [
    ['test', false], ['weekly training', true], ['weekly training', true], ['team a', false], ['of somebody who is no administrator', false], ['of somebody who is no administrator', false], ['ci', false]
  ])
})
