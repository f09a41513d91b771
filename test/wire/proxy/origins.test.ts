/** Who the caller is and where they think they are: origins, forwarded headers, request ids, with and without a trusted load balancer. */
import { networkInterfaces } from 'node:os'
import t from 'tap'
import { facade, keys, type Facade } from '../../helpers/app.js'
import { echo } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'
const artifact = '/mlflow/api/2.0/mlflow-artifacts/artifacts/x'
/** An operation that writes, by each method. */
const writes: Readonly<Record<string, string>> = { POST: create, PUT: artifact, PATCH: '/mlflow/api/2.0/mlflow/registered-models/update', DELETE: artifact }
const claims = { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'registry.example', 'X-Request-Id': 'lb-1234' }

/** What MLflow is told when such a request comes. */
async function told ({ call, mlflow }: Facade, headers: Record<string, string>, method = 'GET', target = search) {
  mlflow.calls.length = 0
  const answered = await call(method, target, { headers })
  const forwarded = mlflow.calls[0]
  const one = (name: string) => forwarded?.all(name).join(' | ')
  return { status: answered.status, answered, for: one('x-forwarded-for'), proto: one('x-forwarded-proto'), host: one('x-forwarded-host'), prefix: one('x-forwarded-prefix'), id: one('x-request-id'), origin: one('origin'), forwarded }
}

t.test('without a trusted proxy', async t => {
  const up = await facade(t, echo)

  t.test('forwarded headers of a caller count for nothing, whatever their spelling', async t => {
    for (const headers of [claims, Object.fromEntries(Object.entries(claims).map(([name, value]) => [name.toUpperCase(), value])), Object.fromEntries(Object.entries(claims).map(([name, value]) => [name.replaceAll('-', '_'), value])), { ...claims, 'X-Forwarded-Prefix': '/evil', 'X-Forwarded-Port': '1', 'X-Forwarded-Server': 'x', Forwarded: 'for=127.0.0.1', 'X-Real-IP': '127.0.0.1' }]) {
      const { status, forwarded, ...rest } = await told(up, headers)
      t.equal(status, 200)
      t.match(rest, { for: '127.0.0.1', proto: 'http', host: 'facade.test', prefix: '/mlflow' })
      t.match(rest.id, /^[\da-f-]{36}$/)
      t.strictSame(['forwarded', 'x-real-ip', 'x-forwarded-port', 'x-forwarded-server', 'x_forwarded_for'].filter(name => forwarded?.header(name) !== undefined), [])
    }
  })

  t.test('the start warns once of forwarded headers that nobody vouches for', async t => {
    t.equal(up.lines.filter(({ msg }) => msg.includes('TRUST_PROXY')).length, 1)
  })

  t.test('what would let a caller speak for the facade, or change the request behind its back, is dropped', async t => {
    const forged = ['X-Hokusai-User-Id', 'x-hokusai-api-key-id', 'X_Hokusai_User_Id', 'X-Hokusai_Anything', 'X-Hokusai-New', 'X-Original-URL', 'X-Rewrite-URL', 'X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', 'x_method_override', 'X_Request_Id', 'X_Forwarded_For', 'Content_Length', 'Transfer_Encoding', 'X_API_Key', 'Host_', 'Cookie_']
    const { forwarded } = await told(up, Object.fromEntries(forged.map(name => [name, 'forged'])))
    t.strictSame(forwarded?.headers.filter(([, value]) => value === 'forged').map(([name]) => name), ['Host_', 'Cookie_'], 'only names that mean nothing')
    t.equal(forwarded?.header('x-hokusai-user-id'), 'user-write')
  })

  t.test('an own origin is dropped before MLflow, whichever scheme the caller sees; a foreign one may not write', async t => {
    for (const own of ['http://facade.test', 'https://facade.test', 'http://FACADE.test:80']) {
      const { status, origin } = await told(up, { Origin: own }, 'POST', create)
      t.equal(status, 200, own)
      t.equal(origin, '')
    }
    for (const foreign of ['https://evil.example', 'http://facade.test.evil.example', 'http://facade.test:8080', 'null', 'facade.test', '', 'file://facade.test', 'https://facade.test.', 'http://facade.test, http://evil.example']) {
      for (const method of Object.keys(writes)) {
        const { status, answered, forwarded } = await told(up, { Origin: foreign }, method, writes[method])
        t.equal(status, 403, `${method} from ${foreign}`)
        t.equal(answered.json().error_code, 'PERMISSION_DENIED')
        t.equal(forwarded, undefined)
      }
    }
  })

  t.test('a foreign origin may read; MLflow hears of it', async t => {
    t.match(await told(up, { Origin: 'https://evil.example' }), { status: 200, origin: 'https://evil.example' })
  })

  t.test('the port is part of an origin', async t => {
    t.match(await told(up, { Host: 'facade.test:8080', Origin: 'http://facade.test:8080' }, 'POST', create), { status: 200, host: 'facade.test:8080' })
    t.equal((await told(up, { Host: 'facade.test:8080', Origin: 'http://facade.test' }, 'POST', create)).status, 403)
    t.equal((await told(up, { Host: '[::1]:8080', Origin: 'http://[::1]:8080' }, 'POST', create)).status, 200)
  })
})

t.test('behind a trusted proxy', async t => {
  const up = await facade(t, echo, { env: { TRUST_PROXY: '127.0.0.0/8,::1,10.0.0.0/8' } })

  t.test('its claims count', async t => {
    t.match(await told(up, claims), { for: '203.0.113.9', proto: 'https', host: 'registry.example', id: 'lb-1234' })
    const { answered } = await told(up, claims)
    t.equal(answered.header('x-request-id'), 'lb-1234')
    t.equal((await up.line('lb-1234')).address, '203.0.113.9')
    t.equal(up.lines.filter(({ msg }) => msg.includes('TRUST_PROXY')).length, 0)
  })

  t.test('of a chain, the last address that is not trusted is the caller; what they claimed before it counts for nothing', async t => {
    t.equal((await told(up, { 'X-Forwarded-For': '127.0.0.1, 198.51.100.7, 10.1.2.3' })).for, '198.51.100.7')
    t.equal((await told(up, { 'X-Forwarded-For': '1.1.1.1, 2001:db8::7' })).for, '2001:db8::7')
  })

  t.test('a request id that could not stand in a log is replaced', async t => {
    for (const bad of ['a b', '{"x":1}', 'x'.repeat(200), '', keys.write, `x-${keys.write}`]) t.match((await told(up, { 'X-Request-Id': bad })).id, /^[\da-f-]{36}$/)
  })

  t.test('what it claims that is no address, scheme or host is not believed, and gets into no log', async t => {
    for (const [claimed, address] of [[keys.write, '127.0.0.1'], ['unknown', '127.0.0.1'], ['198.51.100.7:5555', '198.51.100.7'], ['[2001:db8::7]:443', '2001:db8::7'], ['198.51.100.7', '198.51.100.7']] as const) {
      const heard = await told(up, { 'X-Forwarded-For': claimed })
      t.equal(heard.for, address, claimed)
      t.equal((await up.line(heard.answered.header('x-request-id'))).address, address)
    }
    t.equal((await told(up, { 'X-Forwarded-Proto': 'javascript' })).proto, 'http')
    t.equal((await told(up, { 'X-Forwarded-Host': 'a"b c' })).host, '')
    t.notMatch(JSON.stringify(up.lines), keys.write)
  })

  t.test('the scheme of an origin counts, since it is known', async t => {
    const own = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'registry.example' }
    t.equal((await told(up, { ...own, Origin: 'https://registry.example' }, 'POST', create)).status, 200)
    t.equal((await told(up, { ...own, Origin: 'http://registry.example' }, 'POST', create)).status, 403)
    t.equal((await told(up, { ...own, Origin: 'https://facade.test' }, 'POST', create)).status, 403)
    t.equal((await told(up, { 'X-Forwarded-Proto': 'https', Origin: 'https://facade.test' }, 'POST', create)).status, 200)
  })
})

t.test('PUBLIC_URL is an own origin, and is what MLflow hears', async t => {
  const up = await facade(t, echo, { env: { PUBLIC_URL: 'https://registry.hokus.ai' } })
  t.match(await told(up, { Origin: 'https://registry.hokus.ai' }, 'POST', create), { status: 200, origin: '', proto: 'https', host: 'registry.hokus.ai' })
  t.equal((await told(up, { Origin: 'http://registry.hokus.ai' }, 'POST', create)).status, 403)
  t.equal((await told(up, { Origin: 'http://facade.test' }, 'POST', create)).status, 200, 'the request\'s own Host')
})

const hasIpv6 = Object.values(networkInterfaces()).flat().some(address => address?.address === '::1')
t.test('callers over IPv6 are named as such, mapped IPv4 as IPv4', { skip: hasIpv6 ? false : 'no IPv6 on this machine' }, async t => {
  t.match(await told(await facade(t, echo, { env: { HOST: '::1' } }), {}), { status: 200, for: '::1' })
  const trusting = await facade(t, echo, { env: { HOST: '::1', TRUST_PROXY: '::1/128' } })
  t.match(await told(trusting, { 'X-Forwarded-For': '::ffff:198.51.100.7' }), { for: '198.51.100.7' })
})
