/** Signing in with a key: what a session may, how it ends, and what protects it. Both kinds: sealed in the cookie, and kept beside the keys. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { StoreUnavailableError, type KeyStore } from '../../../src/keys/contract.js'
import { selfSigned } from '../../helpers/certificates.js'
import { facade, keys, type Facade, type Request } from '../../helpers/app.js'
import type { Answer } from '../../helpers/client.js'
import { openFile, reading } from '../../helpers/sqlite-store.js'
import { echo, silent } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const create = '/mlflow/ajax-api/2.0/mlflow/experiments/create'
const isTls = process.env.FACADE_TLS === '1' // see helpers/app.ts
const own = `${isTls ? 'https' : 'http'}://facade.test`
const attributes = `Path=/; Max-Age=604800; HttpOnly; SameSite=Lax${isTls ? '; Secure' : ''}`
const browser = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

const changes = [
  ['POST', create],
  ['POST', search],
  ['PUT', '/mlflow/api/2.0/mlflow-artifacts/artifacts/a'],
  ['PATCH', '/mlflow/api/2.0/mlflow/registered-models/update'],
  ['DELETE', '/mlflow/api/2.0/mlflow/registered-models/delete']
] as const

interface Trial extends Omit<Request, 'key'> { readonly origin?: string | null }

/** What a page of ours sends, unless it says otherwise. */
function fromPage ({ origin = own, headers = {}, ...request }: Trial = {}): Request {
  const more = Array.isArray(headers) ? headers as ReadonlyArray<readonly [string, string]> : Object.entries(headers)
  return { ...request, key: null, headers: [...origin === null ? [] : [['Origin', origin] as const], ...more] }
}

async function signIn (up: Facade, key: string, { next, headers = {}, ...trial }: Trial & { readonly next?: string } = {}): Promise<Answer> {
  const body = new URLSearchParams({ key, ...next === undefined ? {} : { next } }).toString()
  return await up.call('POST', '/login', fromPage({ ...trial, body, headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...headers as Record<string, string> } }))
}

function cookieOf (answer: Answer): string {
  const [set, ...more] = answer.all('set-cookie')
  if (set === undefined || more.length > 0) throw new Error(`one cookie was expected: ${answer.status} ${answer.text()}`)
  return set.split(';')[0] ?? ''
}

const signedIn = async (up: Facade, key: string): Promise<string> => cookieOf(await signIn(up, key))

interface Kind {
  readonly up: Facade
  /** Keys by what they may. */
  readonly key: (name: 'read' | 'write' | 'admin') => string
  readonly revoke: (name: 'read' | 'write' | 'admin') => Promise<void>
}

async function sealed (t: Test): Promise<Kind> {
  const up = await facade(t, echo)
  return { up, key: name => keys[name], revoke: async name => { up.verdicts.set(keys[name], { valid: false, reason: 'revoked' }) } }
}

async function stored (t: Test): Promise<Kind> {
  const { store, clock } = openFile(t)
  const made = new Map<string, Awaited<ReturnType<KeyStore['create']>>>()
  for (const name of ['read', 'write', 'admin'] as const) made.set(name, await store.create({ ...reading, name, userId: `user-${name}`, scopes: new Set([`mlflow:${name}` as const]) }))
  return {
    up: await facade(t, echo, { verifier: store }),
    key: name => made.get(name)?.key ?? '',
    revoke: async name => {
      await store.revoke(made.get(name)?.record.keyId ?? '')
      clock.at += 1000
    }
  }
}

for (const [name, open] of Object.entries({ sealed, stored })) {
  t.test(`a session that is ${name}`, async t => {
    t.test('stands for its key, and neither key nor cookie reaches MLflow or the log', async t => {
      const { up, key } = await open(t)
      const answer = await signIn(up, key('write'), { next: '/mlflow/#/experiments/1' })
      t.match(answer, { status: 303 })
      t.equal(answer.header('location'), '/mlflow/#/experiments/1')
      t.equal(answer.header('set-cookie')?.replace(/=[\w-]{43,}; /, '; '), `hokusai_session; ${attributes}`)
      t.equal(answer.header('cache-control'), 'no-store')
      const cookie = cookieOf(answer)
      const got = await up.call('GET', `${search}?max_results=1`, fromPage({ origin: null, headers: { Cookie: `a=1; ${cookie}; b=2` } }))
      t.equal(got.status, 200)
      const sent = up.mlflow.calls.at(-1)
      t.equal(sent?.all('x-hokusai-user-id')[0], 'user-write')
      t.strictSame(sent?.all('cookie'), [])
      const line = await up.line(got.header('x-request-id'))
      t.match(line, { user: 'user-write', key_id: String, session: true })
      t.match(await up.line(answer.header('x-request-id')), { operation: 'sign_in', status: 303, user: 'user-write' })
      t.notMatch(JSON.stringify([up.lines, up.mlflow.calls]), new RegExp(`${key('write')}|${cookie.split('=')[1] ?? ''}`))
      t.match((await up.call('GET', '/whoami', fromPage({ headers: { Cookie: cookie } }))).json(), { owner: 'user-write', scopes: ['mlflow:write'] })
    })

    t.test('changes something only for a page of ours', async t => {
      const { up, key } = await open(t)
      const Cookie = await signedIn(up, key('write'))
      const post = async (more: Readonly<Record<string, string>>, method = 'POST', target = create): Promise<Answer> => await up.call(method, target, { key: null, body: '{}', headers: { Cookie, ...more } })
      for (const more of [{ Origin: own }, { 'Sec-Fetch-Site': 'same-origin' }, { Origin: own, 'Sec-Fetch-Site': 'same-origin' }]) t.equal((await post(more)).status, 200, JSON.stringify(more))
      const calls = up.mlflow.calls.length
      const foreign: ReadonlyArray<Readonly<Record<string, string>>> = [
        {}, { Origin: 'https://evil.example' }, { Origin: 'null' }, { Origin: `${own}.evil.example` }, { Origin: 'http://facade.test:81' }, { Origin: `${own}, https://evil.example` },
        { 'Sec-Fetch-Site': 'same-site' }, { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'none' }, { Origin: own, 'Sec-Fetch-Site': 'cross-site' }, { Referer: `${own}/` },
        { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://evil.example' }
      ]
      for (const more of foreign) {
        for (const [method, target] of changes) {
          const refused = await post(more, method, target)
          t.equal(refused.status, 403, `${method} ${JSON.stringify(more)}`)
          t.equal(refused.json().error_code, 'PERMISSION_DENIED')
        }
      }
      t.equal(up.mlflow.calls.length, calls)
      t.equal((await up.call('POST', create, { key: null, body: '{}', headers: { 'X-API-Key': key('write') } })).status, 200, 'a key in a header needs none of this')
    })

    t.test('never does what needs an administrator, and a reader\'s changes nothing', async t => {
      const { up, key } = await open(t)
      const [admin, reader] = [await signedIn(up, key('admin')), await signedIn(up, key('read'))]
      const call = async (Cookie: string, method: string, target: string): Promise<Answer> => await up.call(method, target, fromPage({ headers: { Cookie }, ...method === 'GET' ? {} : { body: '{}' } }))
      t.equal((await call(admin, 'POST', create)).status, 200)
      for (const [method, target] of [['GET', '/mlflow/api/2.0/mlflow/webhooks'], ['POST', '/mlflow/ajax-api/3.0/mlflow/gateway/secrets/create'], ['GET', '/mlflow/api/9.9/unknown']] as const) {
        const refused = await call(admin, method, target)
        t.ok(refused.status === 403 || refused.status === 404, `${target} ${refused.status}`)
        t.equal((await up.call(method, target, { key: null, headers: { 'X-API-Key': key('admin') }, ...method === 'GET' ? {} : { body: '{}' } })).status, 200)
      }
      const refused = await call(reader, 'POST', create)
      t.match([refused.status, refused.json().message], [403, /^This needs the scope mlflow:write, which the key that you signed in with does not have: sign out/])
      t.equal((await call(reader, 'GET', search)).status, 200)
      t.strictSame((await up.call('GET', '/mlflow/ajax-api/2.0/mlflow/users/current', fromPage({ headers: { Cookie: admin } }))).json(), { user: { id: 'user-admin', username: 'user-admin', is_admin: false } })
    })

    t.test('ends with its key', async t => {
      const { up, key, revoke } = await open(t)
      const Cookie = await signedIn(up, key('read'))
      const get = async (): Promise<Answer> => await up.call('GET', search, { key: null, headers: { Cookie } })
      t.equal((await get()).status, 200)
      await revoke('read')
      const refused = await get()
      t.equal(refused.status, 401)
      t.match(refused.json(), { error_code: 'UNAUTHENTICATED', message: /^The session has ended: sign in again at \/login/ })
      t.strictSame(refused.all('www-authenticate'), ['Bearer'], 'no dialog of the browser\'s own')
      t.match(await up.line(refused.header('x-request-id')), { refusal: 'revoked' })
      const page = await up.call('GET', '/mlflow/', { key: null, headers: { Cookie, ...browser } })
      t.match([page.status, page.header('location')], [303, '/login?next=%2Fmlflow%2F'])
    })

    t.test('ends when one signs out, and a new sign-in ends the one before', async t => {
      const { up, key } = await open(t)
      const [first, second] = [await signedIn(up, key('read')), await signedIn(up, key('read'))]
      const status = async (Cookie: string): Promise<number> => (await up.call('GET', search, { key: null, headers: { Cookie } })).status
      for (const cookie of [first, second]) t.equal(await status(cookie), 200)
      t.equal((await up.call('POST', '/logout', { key: null, headers: { Cookie: first } })).status, 403, 'by a page of ours alone')
      const out = await up.call('POST', '/logout', fromPage({ headers: { Cookie: first } }))
      t.match([out.status, out.header('location'), out.header('set-cookie')], [303, '/', `hokusai_session=; ${attributes.replace('604800', '0')}`])
      t.equal(await status(first), 401)
      t.equal(await status(second), 200)
      const third = cookieOf(await signIn(up, key('read'), { headers: { Cookie: second } }))
      t.equal(await status(second), 401)
      t.equal(await status(third), 200)
      t.equal((await up.call('POST', '/logout', fromPage())).status, 303, 'who has no session signs out all the same')
    })

    t.test('that is stale, forged or empty is no error beside a good key, and 401 alone', async t => {
      const { up, key } = await open(t)
      const good = await signedIn(up, key('read'))
      const forged = [good.slice(0, -4) + 'AAAA', 'hokusai_session=', 'hokusai_session', `hokusai_session=${'x'.repeat(43)}`, `hokusai_session=${'A'.repeat(200)}`, `hokusai_session=${'A'.repeat(5000)}`, `hokusai_session=${key('read')}`]
      for (const Cookie of forged) {
        t.equal((await up.call('GET', search, { key: null, headers: { Cookie, 'X-API-Key': key('read') } })).status, 200)
        t.equal((await up.call('GET', search, { key: null, headers: { Cookie } })).status, 401, Cookie.slice(0, 60))
      }
      t.equal((await up.call('GET', search, { key: null, headers: { Cookie: good, Authorization: `Bearer ${keys.unknown}` } })).status, 401, 'a bad key is not made good by a cookie')
      t.equal((await up.call('GET', search, { key: null, headers: { Cookie: good, Authorization: 'Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln' } })).status, 200, 'what can be no key does not count')
      t.equal((await up.call('GET', search, { key: null, headers: { Cookie: `x_${good}` } })).status, 401)
      for (const word of ['hokusai_session', 'hokusai_sessions']) t.equal((await up.call('GET', search, { key: null, headers: { Cookie: `${word}; ${good}` } })).status, 200, 'what has no name is no session')
    })
  })
}

t.test('only a browser that asks for a page is sent to the sign-in', async t => {
  const up = await facade(t, echo)
  const ask = async (target: string, headers: Readonly<Record<string, string>>, method = 'GET'): Promise<Answer> => await up.call(method, target, { key: null, headers, ...method === 'POST' ? { body: '{}' } : {} })
  for (const [target, next] of [['/mlflow/', '/mlflow/'], ['/mlflow/get-artifact?path=a%2Fb&run_uuid=1', '/mlflow/get-artifact?path=a%2Fb&run_uuid=1'], [`/mlflow/?${'a'.repeat(3000)}`, '/mlflow/']] as const) {
    for (const more of [{}, { 'Sec-Fetch-Mode': 'navigate' }]) {
      const sent = await ask(target, { ...browser, ...more })
      t.match([sent.status, sent.header('location')], [303, `/login?next=${encodeURIComponent(next)}`])
      t.equal(sent.text(), '')
    }
  }
  const others = [
    ['/mlflow/', {}], ['/mlflow/', { Accept: '*/*' }], ['/mlflow/', { Accept: 'application/json' }], ['/mlflow/', { ...browser, 'Sec-Fetch-Mode': 'cors' }],
    [search, browser], ['/mlflow/ajax-api/2.0/mlflow/experiments/search', browser], ['/mlflow/graphql', browser], ['/mlflow/gateway/x', browser], ['/whoami', browser],
    ['/mlflow/', { ...browser, Authorization: `Bearer ${keys.unknown}` }]
  ] as const
  for (const [target, headers] of others) {
    const refused = await ask(target, headers)
    t.equal(refused.status, 401, `${target} ${JSON.stringify(headers)}`)
    t.equal(refused.json().error_code, 'UNAUTHENTICATED')
  }
  t.equal((await ask(create, browser, 'POST')).status, 401)
})

t.test('a browser goes nowhere but to a path of ours after the sign-in', async t => {
  const up = await facade(t, echo)
  const goesTo = async (next: string): Promise<string | undefined> => (await signIn(up, keys.read, { next })).header('location')
  for (const next of ['/', '/mlflow/', '/mlflow/#/experiments/1?x=y', '/mlflow/?a=b#/compare', '/docs', '/openapi.json', '/#/experiments/0']) t.equal(await goesTo(next), next)
  const bad = [
    '//evil.example', '/\\evil.example', '\\\\evil.example', 'https://evil.example', 'javascript:alert(1)', '/\t/evil.example', '/mlflow/\r\nSet-Cookie: a=b', ' /mlflow/', '',
    '/mlflow/../../x', '/mlflow//evil.example', '/%2F/evil.example', '/elsewhere', '/login', '/login?next=/', '/logout', '/\u00e9', `/mlflow/${'a'.repeat(5000)}`, '/mlflow/ x', '/.//evil.example'
  ]
  for (const next of bad) t.equal(await goesTo(next), '/mlflow/', JSON.stringify(next.slice(0, 40)))
  const page = await up.call('GET', `/login?next=${encodeURIComponent('"><script>alert(1)</script>')}`, { key: null })
  t.notMatch(page.text(), 'alert(1)')
  t.match(page.text(), 'name="next" value="/mlflow/"')
})

t.test('a key is taken from a page of ours alone, and guessing has its bound', async t => {
  const up = await facade(t, echo)
  for (const [origin, headers] of [[null, {}], ['https://evil.example', {}], ['null', {}], [own, { 'Sec-Fetch-Site': 'cross-site' }]] as const) {
    const refused = await signIn(up, keys.read, { origin, headers })
    t.match([refused.status, refused.all('set-cookie'), refused.json().error_code], [403, [], 'PERMISSION_DENIED'])
  }
  const wrong = await signIn(up, keys.unknown, { headers: browser })
  t.equal(wrong.status, 401)
  t.match(wrong.header('content-type'), /^text\/html/)
  t.match(wrong.text(), /role="alert"[^>]*>This key is not valid/)
  t.notMatch(wrong.text(), keys.unknown)
  t.strictSame(wrong.all('www-authenticate'), [])
  t.match((await signIn(up, keys.unknown)).json(), { error_code: 'UNAUTHENTICATED' }, 'programs never see HTML')
  let limited
  for (let guess = 0; guess < 30 && limited === undefined; guess++) {
    const refused = await signIn(up, keys.unknown)
    if (refused.status === 429) limited = refused
  }
  t.match(limited?.header('retry-after'), /^\d+$/)
  t.equal((await signIn(up, keys.read)).status, 303, 'a good key is never refused for its address')
  for (const [body, type, status] of [['next=/', 'application/x-www-form-urlencoded', 400], ['key=a&key2=b', 'application/x-www-form-urlencoded', 400], [`key=${'a'.repeat(600)}`, 'application/x-www-form-urlencoded', 400], [`key=a&next=${'a'.repeat(20_000)}`, 'application/x-www-form-urlencoded', 413], ['key=a', 'text/plain', 400]] as const) {
    t.equal((await up.call('POST', '/login', fromPage({ body, headers: { 'Content-Type': type } }))).status, status, body.slice(0, 30))
  }
  up.verdicts.set(keys.read, new StoreUnavailableError('down'))
  t.equal((await signIn(up, keys.read)).status, 503)
})

t.test('over HTTPS the cookie is for HTTPS alone, ours or that of a load balancer that is trusted', async t => {
  const set = async (env: Readonly<Record<string, string>>, origin: string, headers: Readonly<Record<string, string>> = {}): Promise<string | undefined> => (await signIn(await facade(t, echo, { env }), keys.read, { origin, headers })).header('set-cookie')
  t.match(await set({ PUBLIC_URL: 'https://registry.example' }, 'https://registry.example'), /; Secure$/)
  t.match(await set({ TRUST_PROXY: '127.0.0.1' }, 'https://facade.test', { 'X-Forwarded-Proto': 'https' }), /; Secure$/)
  t.match(await set({ ...selfSigned() }, 'https://facade.test'), /; Secure$/)
  if (!isTls) t.notMatch(await set({}, own, { 'X-Forwarded-Proto': 'https' }), /Secure/)
})

t.test('who may not call models is shown none, where MLflow\'s pages ask for them whatever the key', async t => {
  const up = await facade(t, echo)
  const list = '/mlflow/ajax-api/2.0/mlflow/gateway-proxy?gateway_path=api%2F2.0%2Fendpoints%2F'
  const Cookie = await signedIn(up, keys.read)
  const shown = await up.call('GET', list, fromPage({ headers: { Cookie } }))
  t.match([shown.status, shown.json()], [200, { endpoints: [] }])
  t.equal(up.mlflow.calls.length, 0)
  t.equal((await up.call('GET', list, { key: 'read' })).status, 403, 'a key in a header is told what it lacks')
  t.equal((await up.call('POST', '/mlflow/ajax-api/2.0/mlflow/gateway-proxy', fromPage({ headers: { Cookie }, body: '{}' }))).status, 403)
  const admin = await signedIn(up, keys.admin)
  t.equal((await up.call('GET', list, fromPage({ headers: { Cookie: admin } }))).text(), '')
  t.equal(up.mlflow.calls.length, 1, 'who may is shown what there is')
  const get = async (headers: Readonly<Record<string, string>>): Promise<number> => (await up.call('GET', list, { key: null, headers: { Cookie: admin, ...headers } })).status
  t.equal(await get({ Referer: `${own}/mlflow/` }), 200, 'of a GET over plain HTTP a browser says no more than this')
  const foreign = [{}, { Referer: 'https://evil.example/' }, { Referer: `${own}.evil.example/` }, { Referer: 'facade.test' }, { Referer: `${own}/`, Origin: 'https://evil.example' }, { Referer: `${own}/`, 'Sec-Fetch-Site': 'cross-site' }]
  for (const headers of foreign) t.equal(await get(headers as Record<string, string>), 403, JSON.stringify(headers))
})

t.test('what is under way with a session ends with its key, within two seconds', async t => {
  const up = await facade(t, silent)
  const Cookie = await signedIn(up, keys.read)
  const pending = up.call('GET', search, { key: null, headers: { Cookie } })
  while (up.mlflow.calls.length === 0) await new Promise(resolve => setTimeout(resolve, 10))
  const revoked = performance.now()
  up.verdicts.set(keys.read, { valid: false, reason: 'revoked' })
  const { status } = await pending
  t.equal(status, 401)
  t.ok(performance.now() - revoked < 2500, `${Math.round(performance.now() - revoked)} ms`)
})

t.test('a limit of calls, a page of other origins, and what a browser is told beside MLflow\'s answer', async t => {
  const up = await facade(t, echo, { env: { CORS_ALLOWED_ORIGINS: 'https://notebooks.example' } })
  const Cookie = await signedIn(up, keys.write)
  t.equal((await up.call('POST', create, { key: null, body: '{}', headers: { Cookie, Origin: 'https://notebooks.example' } })).status, 403, 'CORS_ALLOWED_ORIGINS is for keys in headers')
  const page = await up.call('GET', '/mlflow/', { key: null, headers: { Cookie, ...browser } })
  t.match([page.status, page.header('content-security-policy'), page.header('referrer-policy')], [200, "frame-ancestors 'self'", 'same-origin'])
  const artifact = await up.call('GET', '/mlflow/get-artifact?path=a.html&run_uuid=1', { key: null, headers: { Cookie, ...browser } })
  t.match([artifact.status, artifact.header('content-security-policy')], [200, "sandbox; frame-ancestors 'self'"])
  t.strictSame([page.all('cache-control'), artifact.all('cache-control')], [[], ['private']], 'a cache that people share keeps pages alone')
  t.strictSame((await up.call('GET', search, { key: null, headers: { Cookie } })).all('cache-control'), ['private'])
  const plain = await up.call('GET', search, {})
  t.match([plain.header('content-security-policy'), plain.header('cache-control')], [undefined, undefined], 'with a key in a header MLflow\'s answer stays as it is')
  up.limit('write', 3600)
  const limited = await up.call('GET', search, { key: null, headers: { Cookie } })
  t.match(limited.header('ratelimit'), /^"default";r=/)
  const before = Number(/r=(\d+)/.exec(limited.header('ratelimit') ?? '')?.[1])
  t.equal(Number(/r=(\d+)/.exec((await up.call('GET', search)).header('ratelimit') ?? '')?.[1]), before - 1, 'session and key have one limit')
})

t.test('a sign-in that fails leaves the session before as it was', async t => {
  const { store } = openFile(t)
  const { key } = await store.create(reading)
  let fails = false
  const { sessions } = store
  if (sessions === undefined) throw new Error('the store keeps no sessions')
  const add: typeof sessions.add = async (...given) => {
    if (fails) throw new StoreUnavailableError('full')
    await sessions.add(...given)
  }
  const up = await facade(t, echo, { verifier: { ...store, sessions: { ...sessions, add } } })
  const Cookie = await signedIn(up, key)
  fails = true
  t.equal((await signIn(up, key, { headers: { Cookie } })).status, 503)
  t.equal((await up.call('GET', search, { key: null, headers: { Cookie } })).status, 200)
})

t.test('the secret of sealed sessions is made once, for the facade\'s own user', async t => {
  const up = await facade(t, echo)
  const file = join(up.dataDir, 'session-secret')
  t.notOk(existsSync(file), 'not before it is needed')
  await signedIn(up, keys.read)
  const secret = readFileSync(file, 'utf8')
  t.match(secret, /^[\w-]{43}$/)
  t.equal(statSync(file).mode & 0o777, 0o600)
  await signedIn(up, keys.read)
  t.equal(readFileSync(file, 'utf8'), secret)

  for (const short of ['', 'x'.repeat(31)]) {
    const blank = await facade(t, echo)
    writeFileSync(join(blank.dataDir, 'session-secret'), short)
    const refused = await signIn(blank, keys.read)
    t.match([refused.status, refused.all('set-cookie')], [503, []], 'nothing is sealed with a secret that anybody can guess')
  }

  const shared = { env: { SESSION_SECRET: 'x'.repeat(32) } }
  const [here, there, elsewhere] = [await facade(t, echo, shared), await facade(t, echo, shared), await facade(t, echo, { env: { SESSION_SECRET: 'y'.repeat(32) } })]
  const Cookie = await signedIn(here, keys.read)
  const status = async (up: Facade): Promise<number> => (await up.call('GET', search, { key: null, headers: { Cookie } })).status
  t.strictSame([await status(there), await status(elsewhere)], [200, 401], 'replicas with one secret know each other\'s sessions')
  t.notOk(existsSync(join(here.dataDir, 'session-secret')))
})

t.test('our own pages run what stands in them alone, and nobody frames them', async t => {
  const up = await facade(t, echo)
  for (const path of ['/login', '/']) {
    const { headers, text, header } = await up.call('GET', path, { key: null, headers: browser })
    t.match(header('content-security-policy'), /^default-src 'none'; .*script-src 'sha256-[^']+'(?: 'sha256-[^']+')?; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'$/)
    t.match([header('x-content-type-options'), header('referrer-policy'), header('cache-control')], ['nosniff', 'same-origin', 'no-store'])
    t.equal(headers.filter(([name]) => name === 'content-security-policy').length, 1)
    t.notMatch(text(), /\son\w+=|style="|https?:\/\/(?!facade\.test)/)
  }
  const Cookie = await signedIn(up, keys.read)
  t.match((await up.call('GET', '/', { key: null, headers: { ...browser, Cookie } })).text(), /Signed in as <strong>user-read<\/strong>[^]*action="\/logout"[^]*This session may look at everything\./)
  t.match((await up.call('GET', '/', { key: null, headers: browser })).text(), /href="\/login\?next=%2F"/)
})
