/** Faults of a Redis in which limits are counted, each seeded: the doctor names it, alone, with what mends it, and nothing stays there. */
import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { freePort } from '../../../scripts/mlflow/ports.js'
import { certify, type CertificateFiles } from '../../helpers/certificates.js'
import { startRedis } from '../../helpers/redis.js'
import { examine, fakeMlflow, type Report } from '../../wire/doctor/fakes.js'

async function look (t: { teardown: (fn: () => unknown) => void }, url: string): Promise<Report> {
  return await examine({ MLFLOW_UPSTREAM_URL: await fakeMlflow(t), REDIS_URL: url })
}

const about = ({ checks }: Report): string => checks.filter(({ check }) => check.startsWith('limits')).map(({ status, message }) => `${status}: ${message}`).join('\n')

t.test('a Redis with all that is wanted gives no finding, and keeps nothing of the look', async t => {
  const { url, run } = await startRedis(t)
  const healthy = await look(t, url)
  t.strictSame(healthy.findings, [])
  t.match(about(healthy), /^ok: (Redis|Valkey) [\d.]+ counts calls\nok: it does not leave this machine$/)
  await delay(5) // an entry that has ended is there until somebody asks
  t.strictSame(await run('KEYS', '*'), [])
  const bounded = await startRedis(t, { options: ['--maxmemory', '10mb', '--maxmemory-policy', 'noeviction'] })
  t.strictSame((await look(t, bounded.url)).findings, [])
})

t.test('a Redis that cannot count calls is named with the reason and without the password', async t => {
  const locked = await startRedis(t, { password: 's3cret' })
  const wrong = await look(t, `redis://:wr0ng@127.0.0.1:${locked.port}`)
  t.match(wrong.findings, [{ check: 'limits', severity: 'error', message: /^Redis refuses the user or the password of REDIS_URL\. Each facade/, fix: /password/ }])
  t.equal(wrong.findings.length, 1)
  t.notMatch(JSON.stringify(wrong), /wr0ng|s3cret/)
  t.match((await look(t, 'redis://127.0.0.1:1')).findings, [{ check: 'limits', message: /nothing listens there/ }])
  await locked.run('ACL', 'SETUSER', 'reader', 'on', '>pw', '~*', '+@read', '+info')
  t.match((await look(t, `redis://reader:pw@127.0.0.1:${locked.port}`)).findings, [{ check: 'limits', message: /does not allow this to the user/ }])
  await locked.run('ACL', 'SETUSER', 'facade', 'on', '>pw', '~hokusai-mlflow:limit:*', '+eval', '+evalsha', '+time', '+get', '+set')
  t.strictSame((await look(t, `redis://facade:pw@127.0.0.1:${locked.port}`)).findings, [], 'these are the rights that are needed')
  locked.hang()
  t.match((await look(t, locked.url)).findings, [{ check: 'limits', message: /does not answer in time/ }])
  locked.resume()
})

t.test('a Redis that forgets limits when its memory is full is named', async t => {
  const { url } = await startRedis(t, { options: ['--maxmemory', '10mb', '--maxmemory-policy', 'allkeys-lru'] })
  t.match((await look(t, url)).findings, [{ check: 'limits', severity: 'warning', message: /maxmemory-policy allkeys-lru/, fix: /noeviction/ }])
})

t.test('a Redis elsewhere that is reached in clear is named', async t => {
  const { url } = await startRedis(t, { password: 's3cret', options: ['--bind', '0.0.0.0'] })
  const { findings } = await look(t, url.replace('127.0.0.1', '0.0.0.0')) // which leads here, and does not look like it
  t.match(findings, [{ check: 'limits-tls', message: /^The password of Redis and ids of keys go to Redis in clear/, fix: /rediss/ }])
})

t.test('rediss:// takes a certificate that is good for the host by an authority that Node knows, and no other', async t => {
  const cwd = t.testdir()
  const secured = async ({ certificate, key }: CertificateFiles): Promise<string> => {
    const port = await freePort()
    await startRedis(t, { options: ['--tls-port', String(port), '--tls-cert-file', certificate, '--tls-key-file', key, '--tls-auth-clients', 'no', '--tls-ca-cert-file', certificate] })
    return `rediss://127.0.0.1:${port}`
  }
  const outcome = async (url: string, authority?: string): Promise<string> => {
    const env = { PATH: process.env.PATH, DATA_DIR: t.testdirName, MLFLOW_UPSTREAM_URL: 'http://127.0.0.1:1', REDIS_URL: url, ...authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: authority } }
    const { stdout } = spawnSync(process.execPath, ['dist/cli/main.js', 'doctor', '--json'], { encoding: 'utf8', env })
    return (JSON.parse(stdout) as Report).checks.find(({ check }) => check === 'limits')?.message ?? ''
  }
  const [good, other] = [certify(cwd, 'good', 'IP:127.0.0.1'), certify(cwd, 'other', 'DNS:elsewhere.example')]
  const url = await secured(good)
  t.match(await outcome(url, good.certificate), /counts calls/)
  t.match(await outcome(url), /^Redis has a certificate that is not accepted/)
  t.match(await outcome(url, other.certificate), /^Redis has a certificate that is not accepted/)
  t.match(await outcome(await secured(other), other.certificate), /^Redis has a certificate for another name/)
  t.match(await outcome((await startRedis(t)).url.replace('redis:', 'rediss:'), good.certificate), /^Redis (does not speak TLS|broke the connection|cannot be reached)/)
})
