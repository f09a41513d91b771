/** The way to PostgreSQL under TLS: what each sslmode takes and refuses, with certificates made here. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { inspectPostgres } from '../../../src/keys/stores/postgres/inspect.js'
import { openPostgres } from '../../../src/keys/stores/postgres/store.js'
import { certify, type CertificateFiles } from '../../helpers/certificates.js'
import { addressOf, startPostgres, urlOf } from '../../helpers/postgres.js'
import { reading } from '../../helpers/store-subject.js'

const server = await startPostgres(t)
const cwd = mkdtempSync(join(tmpdir(), 'certificates-'))
t.teardown(() => rmSync(cwd, { recursive: true }))
/** The certificate is in place from the next start on. */
async function startWith ({ certificate, key: pem }: CertificateFiles): Promise<void> {
  const [crt, key] = [join(server.folder, 'server.crt'), join(server.folder, 'server.key')]
  execFileSync('cp', [certificate, crt])
  execFileSync('cp', [pem, key])
  execFileSync('chmod', ['600', key])
  for (const file of [crt, key]) server.own(file)
  await server.kill()
  server.configure(['ssl = on', `ssl_cert_file = '${crt}'`, `ssl_key_file = '${key}'`])
  await server.start()
}

async function outcome (url: string): Promise<string> {
  try {
    await (await openPostgres(addressOf(url), { staleMs: 0 })).close()
    return (await inspectPostgres(addressOf(url))).tls ?? 'in clear'
  } catch (error) {
    return (error as Error).message
  }
}

t.test('each sslmode does what it says', async t => {
  const [good, other] = [certify(cwd, 'good', 'IP:127.0.0.1'), certify(cwd, 'other', 'DNS:elsewhere.example')]
  const database = await server.createDatabase()
  const by = async (parameters: string): Promise<string> => await outcome(urlOf(server.port, database, parameters))
  t.match(await by('sslmode=require'), 'does not support TLS')
  await startWith(good)
  t.equal(await by('sslmode=disable'), 'in clear')
  t.match(await by('sslmode=require'), /^TLSv1\.[23]$/)
  t.match(await by(`sslmode=verify-full&sslrootcert=${good.certificate}`), /^TLSv1\.[23]$/)
  t.equal(await by('sslmode=verify-full'), 'The key database has a certificate that is not accepted: see sslmode and sslrootcert of KEYS_URL.')
  t.match(await by(`sslmode=verify-full&sslrootcert=${other.certificate}`), 'not accepted')
  await startWith(other)
  t.equal(await by(`sslmode=verify-full&sslrootcert=${other.certificate}`), 'The key database has a certificate for another name.')
  t.match(await by('sslmode=require'), /^TLSv1/)
  const hba = 'hostssl all all 127.0.0.1/32 scram-sha-256\n'
  await server.query('postgres', `COPY (SELECT '${hba.trim()}') TO '${server.folder}/data/pg_hba.conf'`)
  await server.query('postgres', 'SELECT pg_reload_conf()')
})

t.test('a server that takes nobody in clear is used under TLS alone, the link too', async t => {
  const database = (await server.query('postgres', 'SELECT 1').then(() => 'x', (error: unknown) => String(error)))
  t.match(database, /no encryption/)
  const url = urlOf(server.port, 'keys_1', 'sslmode=require')
  t.equal(await outcome(url.replace('require', 'disable')), 'The key database rejects the user of KEYS_URL.')
  const lost: unknown[] = []
  const store = await openPostgres(addressOf(url), { staleMs: 0, onLink: state => lost.push(state) })
  const other = await openPostgres(addressOf(url), { staleMs: 0 })
  const { key, record } = await store.create(reading)
  t.match(await other.verify(key, ''), { valid: true })
  await store.revoke(record.keyId)
  await new Promise(resolve => setTimeout(resolve, 300))
  t.match(await other.verify(key, ''), { valid: false, reason: 'revoked' })
  t.strictSame(lost, [])
  await Promise.all([store.close(), other.close()])
})
