/** Pages of other origins: which may call, what their browsers are told, and what nobody is told. */
import t from 'tap'
import { mayWrite } from '../../../src/http/answer/cors.js'
import { facade, keys, type Facade, type Request } from '../../helpers/app.js'
import { answer, echo, says } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/api/2.0/mlflow/experiments/create'
const page = 'https://notebooks.example'
const env = { CORS_ALLOWED_ORIGINS: ` ${page}/, http://localhost:3000 , HTTPS://Lab.Example:443` }
const asked = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization,content-type,x-mlflow-workspace' }

/** Every kind of answer that a caller can get: forwarded, of ours, errors at each station, redirects. */
const kinds: ReadonlyArray<readonly [status: number, method: string, target: string, Request?]> = [
  [200, 'GET', search], [200, 'POST', create, { body: '{}' }], [200, 'HEAD', search], [200, 'GET', '/mlflow/version'], [200, 'GET', '/live'], [200, 'GET', '/openapi.json'], [200, 'GET', '/'],
  [307, 'GET', '/api/2.0/mlflow/experiments/search'], [200, 'POST', '/api/2.0/mlflow/experiments/create', { body: '{}' }], [308, 'GET', '/mlflow'],
  [401, 'GET', search, { key: null }], [403, 'POST', create, { key: 'read', body: '{}' }], [404, 'GET', '/nothing'], [400, 'GET', '/mlflow/%zz'], [400, 'GET', '/mlflow/a/../b'], [200, 'GET', '/whoami']
]

/** Status and what a browser is told, for a page of that origin. */
async function told ({ call }: Facade, origin: string, method: string, target: string, request: Request = {}) {
  const answered = await call(method, target, { ...request, headers: { Origin: origin, ...request.headers as Record<string, string> } })
  return { status: answered.status, answered, cors: answered.headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`).filter(line => line.startsWith('access-control-')) }
}

t.test('with CORS_ALLOWED_ORIGINS', async t => {
  const up = await facade(t, echo, { env })
  const { call, mlflow } = up
  const expose = 'access-control-expose-headers: Accept-Ranges, Content-Disposition, Content-Range, Deprecation, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, Sunset, WWW-Authenticate, X-Request-Id'

  t.test('every answer to a page of the list may be read by it, errors and redirects too, and says that it hangs on the origin', async t => {
    for (const [status, method, target, request] of kinds) {
      for (const origin of [page, 'http://localhost:3000', 'https://lab.example']) {
        const heard = await told(up, origin, method, target, request)
        t.equal(heard.status, status, `${method} ${target}`)
        t.strictSame(heard.cors, [`access-control-allow-origin: ${origin}`, expose], `${method} ${target}`)
        t.match(heard.answered.all('vary').join(), /\bOrigin\b/, target)
      }
    }
    t.match((await call('GET', '/openapi.json')).header('vary'), /^Accept-Encoding, Origin$/, 'and what it hung on before')
  })

  t.test('every other origin is told nothing, and an answer to it is not kept for one of the list', async t => {
    for (const origin of ['https://evil.example', 'http://notebooks.example', `${page}:8443`, `${page}.evil.example`, 'https://NOTEBOOKS.example', `${page}/`, 'null', '*', '', `${page}, ${page}`]) {
      for (const [, method, target, request] of kinds) {
        const { cors, answered } = await told(up, origin, method, target, request)
        t.strictSame(cors, [], `${origin}: ${method} ${target}`)
        t.match(answered.all('vary').join(), /\bOrigin\b/)
      }
      t.strictSame((await told(up, origin, 'OPTIONS', create, { key: null, headers: asked })).cors, [], origin)
    }
  })

  t.test('a page of the list writes with a key in a header; MLflow, which would refuse it, does not hear of its origin', async t => {
    mlflow.calls.length = 0
    for (const headers of [{ Authorization: `Bearer ${keys.write}` }, { 'X-API-Key': keys.write }]) t.equal((await told(up, page, 'POST', create, { key: null, body: '{}', headers })).status, 200)
    t.strictSame(mlflow.calls.flatMap(call => call.all('origin')), [])
    t.equal((await told(up, 'https://evil.example', 'POST', create, { body: '{}' })).status, 403)
  })

  t.test('a cookie of such a page is no key, also one that the facade gave', async t => {
    mlflow.calls.length = 0
    const fromOurs = { 'Content-Type': 'application/x-www-form-urlencoded', 'Sec-Fetch-Site': 'same-origin' }
    const signedIn = await call('POST', '/login', { key: null, headers: fromOurs, body: `key=${keys.write}` })
    const [given = ''] = signedIn.all('set-cookie').map(cookie => `${cookie.split(';')[0]}; `)
    t.match(given, /^hokusai_session=/)
    for (const [cookie, expected] of [[given, 403], ['', 401]] as const) {
      const request = { key: null, body: '{}', headers: { Cookie: `${cookie}session=${keys.write}; key=${keys.write}` } }
      const { status, cors } = await told(up, page, 'POST', create, request)
      t.equal(status, expected)
      t.notMatch(cors.join(), 'credentials')
    }
    t.equal(mlflow.calls.length, 0)
  })

  t.test('its browser may ask before a call, on every path and without a key', async t => {
    for (const target of [create, '/api/2.0/mlflow/experiments/create', '/whoami', '/nothing']) {
      const { status, cors, answered } = await told(up, page, 'OPTIONS', target, { key: null, headers: asked })
      t.equal(status, 204)
      t.equal(answered.header('allow'), 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS')
      t.strictSame(cors, ['access-control-allow-methods: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS', 'access-control-max-age: 600', 'access-control-allow-headers: authorization,content-type,x-mlflow-workspace', `access-control-allow-origin: ${page}`, expose])
    }
  })

  t.test('headers that cannot be names, or are too many, are not allowed; an OPTIONS that asks nothing is answered as ever', async t => {
    for (const names of ['a b', 'a,,b', 'a;b', '"a"', ',', '', 'caf\xe9', Array(2000).fill('x').join(',') + ',xx'.repeat(200)]) {
      const { status, cors } = await told(up, page, 'OPTIONS', create, { key: null, headers: { ...asked, 'Access-Control-Request-Headers': names } })
      t.equal(status, 204)
      t.notMatch(cors.join(), 'allow-headers', names.slice(0, 20))
    }
    t.strictSame((await told(up, page, 'OPTIONS', create, { key: null })).cors, [`access-control-allow-origin: ${page}`, expose])
    t.strictSame((await call('OPTIONS', create, { key: null, headers: asked })).headers.filter(([name]) => name.startsWith('access-control')), [])
  })
})

t.test('whoever is known by anything but a key in a header writes from no other page', async t => {
  t.ok(mayWrite(page, 'header', new Set([page])))
  t.notOk(mayWrite(page, undefined, new Set([page])))
  t.notOk(mayWrite(page, 'header', new Set()))
  t.notOk(mayWrite(undefined, 'header', new Set([page])))
})

t.test('without it nobody is told anything', async t => {
  const up = await facade(t, echo)
  for (const [status, method, target, request] of kinds) {
    if (method === 'POST') continue
    const { answered, cors, ...heard } = await told(up, page, method, target, request)
    t.match(heard, { status })
    t.strictSame(cors, [])
    t.notMatch(answered.all('vary').join(), 'Origin')
  }
  t.strictSame((await told(up, page, 'OPTIONS', create, { key: null, headers: asked })).cors, [])
})

t.test('what MLflow says of other origins never passes: it lets every page of localhost in, with cookies', async t => {
  const said = { 'Access-Control-Allow-Origin': 'http://localhost:3000', 'access-control-allow-credentials': 'true', 'ACCESS-CONTROL-EXPOSE-HEADERS': '*', 'access-control-allow-methods': '*', 'x-kept': '1' }
  for (const settings of [{}, env]) {
    const up = await facade(t, says(answer(200, '{}', said)), { env: settings })
    const { cors, answered } = await told(up, 'http://localhost:3000', 'GET', search)
    t.notMatch(cors.join(), /credentials|\*/)
    t.equal(answered.all('access-control-allow-origin').length, settings === env ? 1 : 0)
    t.equal(answered.header('x-kept'), '1')
    t.strictSame((await told(up, 'https://evil.example', 'GET', search)).cors, [])
  }
})

t.test('the 403 names the page, the origin that this is, and what to set', async t => {
  const message = async (up: Facade, origin: string): Promise<unknown> => (await told(up, origin, 'POST', create, { body: '{}' })).answered.json().message
  const mend = 'Set PUBLIC_URL if people use another name, or CORS_ALLOWED_ORIGINS to allow that page.'
  const plain = await facade(t, echo)
  t.equal(await message(plain, 'https://evil.example'), `A page from https://evil.example may not write here: this is http://facade.test. ${mend}`)
  const named = await facade(t, echo, { env: { PUBLIC_URL: 'https://registry.example' } })
  t.equal(await message(named, 'http://registry.example'), `A page from http://registry.example may not write here: this is https://registry.example. ${mend}`)
  for (const odd of ['null', '', 'nonsense', 'file:///x', `https://${'a.'.repeat(200)}example`]) t.equal(await message(named, odd), `A page from an unknown origin may not write here: this is https://registry.example. ${mend}`, odd.slice(0, 30))
  t.equal(await message(named, `https://user:${keys.write}@evil.example/${keys.write}`), `A page from https://evil.example may not write here: this is https://registry.example. ${mend}`, 'without what is not its origin')
})
