/** Signing in at the identity provider, over the wire: what goes there, what may come back, and what the session that begins may do. */
import t, { type Test } from 'tap'
import { facade, type Facade } from '../../helpers/app.js'
import type { Answer } from '../../helpers/client.js'
import { startIssuer, type Issuer, type TokenClaims } from '../../helpers/issuer.js'
import { echo } from '../../helpers/upstream.js'

const search = '/mlflow/api/2.0/mlflow/experiments/search'
const isTls = process.env.FACADE_TLS === '1' // see helpers/app.ts
const own = `${isTls ? 'https' : 'http'}://facade.test`
const secure = isTls ? '; Secure' : ''
const secret = 'a secret of the facade, known to the provider'
const page = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

interface Trial {
  readonly up: Facade
  readonly issuer: Issuer
  /** Begins a sign-in. */
  readonly away: (next?: string) => Promise<{ readonly answer: Answer, readonly url: URL, readonly cookie: string }>
  /** Comes back with a code, and what else is said of the address, the cookie and the ID token. */
  readonly back: (more?: { readonly query?: Readonly<Record<string, string | undefined>>, readonly claims?: TokenClaims, readonly cookie?: string, readonly headers?: Readonly<Record<string, string>>, readonly method?: string }) => Promise<Answer>
}

async function trial (t: Test, env: Readonly<Record<string, string>> = {}): Promise<Trial> {
  const issuer = await startIssuer(t)
  const roles = JSON.stringify([{ claim: 'groups', value: 'ml-team', scopes: ['mlflow:write'] }, { claim: 'groups', value: 'admins', scopes: ['mlflow:admin'] }])
  const up = await facade(t, echo, { env: { OIDC_ISSUER: issuer.url, OIDC_CLIENT_ID: 'facade', OIDC_CLIENT_SECRET: secret, OIDC_ROLES: roles, OIDC_NAME: 'Acme & Co', ...env } })
  const away: Trial['away'] = async (next = '/mlflow/#/experiments/1') => {
    const answer = await up.call('GET', `/login/oidc?next=${encodeURIComponent(next)}`, { key: null })
    return { answer, url: new URL(answer.header('location') ?? 'http://none'), cookie: answer.header('set-cookie')?.split(';')[0] ?? '' }
  }
  const back: Trial['back'] = async ({ query = {}, claims = {}, cookie, headers = {}, method = 'GET' } = {}) => {
    const begun = await away()
    const given = { code: 'a-code', state: begun.url.searchParams.get('state') ?? '', iss: issuer.url, ...query }
    issuer.grant = async () => ({
      access_token: 'an-access-token',
      refresh_token: 'a-refresh-token',
      token_type: 'Bearer',
      expires_in: 300,
      id_token: await issuer.token({ aud: 'facade', sub: 'ada', nonce: begun.url.searchParams.get('nonce'), ...claims })
    })
    const pairs = Object.entries(given).filter((pair): pair is [string, string] => pair[1] !== undefined)
    return await up.call(method, `/login/callback?${new URLSearchParams(pairs).toString()}`, { key: null, headers: { Cookie: cookie ?? begun.cookie, ...headers } })
  }
  return { up, issuer, away, back }
}

function sessionOf (answer: Answer): string | undefined {
  return answer.all('set-cookie').find(cookie => /^hokusai_session=./.test(cookie))?.split(';')[0]
}

t.test('the sign-in page leads to the provider, with PKCE, state and nonce, and back to where one came from', async t => {
  const { up, issuer, away, back } = await trial(t)
  const html = (await up.call('GET', '/login?next=/mlflow/', { key: null, headers: page })).text()
  t.match(html, /<a class="button" id="away" href="\/login\/oidc\?next=%2Fmlflow%2F">Sign in with Acme &#38; Co<\/a>/)
  const { answer, url } = await away()
  t.equal(answer.status, 303)
  t.equal(answer.header('cache-control'), 'no-store')
  t.equal(answer.header('set-cookie')?.replace(/=[\w-]+; /, '; '), `hokusai_sign_in; Path=/login/callback; Max-Age=600; HttpOnly; SameSite=Lax${secure}`)
  t.equal(`${url.origin}${url.pathname}`, `${issuer.url}/authorize`)
  const asked = Object.fromEntries(url.searchParams)
  t.match(asked, { response_type: 'code', client_id: 'facade', redirect_uri: `${own}/login/callback`, code_challenge_method: 'S256', scope: /^openid / })
  for (const name of ['state', 'nonce', 'code_challenge']) t.match(asked[name], /^[\w-]{43}$/, name)
  const came = await back()
  t.equal(came.status, 303)
  t.equal(came.header('location'), '/mlflow/#/experiments/1')
  t.strictSame(came.all('set-cookie').map(cookie => cookie.replace(/^(\w+)=[\w.-]+; /, '$1; ')), [
    `hokusai_session; Path=/; Max-Age=604800; HttpOnly; SameSite=Lax${secure}`,
    `hokusai_sign_in=; Path=/login/callback; Max-Age=0; HttpOnly; SameSite=Lax${secure}`
  ])
  const form = issuer.forms.at(-1)
  t.match(form?.get('code_verifier'), /^[\w-]{43,}$/)
  t.equal(form?.get('redirect_uri'), `${own}/login/callback`)
  t.match(await up.line(came.header('x-request-id')), { operation: 'sign_in_callback', user: 'ada', status: 303 })
  t.match(up.events, [{ operation: 'sign_in_callback', outcome: 'allowed', user: 'ada' }], 'one event, for the end of it')
})

t.test('the session does what the role allows, but never administers, and nothing of the provider\'s reaches MLflow or the log', async t => {
  const { up, back } = await trial(t)
  const Cookie = sessionOf(await back({ claims: { groups: ['admins'], email: 'ada@acme.example', email_verified: true } })) ?? ''
  const read = await up.call('GET', `${search}?max_results=1`, { key: null, headers: { Cookie } })
  t.equal(read.status, 200)
  t.strictSame(up.mlflow.calls.at(-1)?.all('x-hokusai-user-id'), ['ada@acme.example'])
  t.strictSame(up.mlflow.calls.at(-1)?.all('cookie'), [])
  t.match(await up.line(read.header('x-request-id')), { user: 'ada@acme.example', key: 'oidc…', session: true })
  t.match((await up.call('GET', '/whoami', { key: null, headers: { Cookie } })).json(), { owner: 'ada@acme.example', scopes: ['mlflow:write', 'mlflow:gateway'] })
  const write = async (headers: Record<string, string>): Promise<number> => (await up.call('POST', '/mlflow/ajax-api/2.0/mlflow/experiments/create', { key: null, body: '{}', headers: { Cookie, ...headers } })).status
  t.equal(await write({ 'Sec-Fetch-Site': 'same-origin' }), 200)
  t.equal(await write({ Origin: 'https://evil.example' }), 403)
  t.match((await up.call('GET', '/', { key: null, headers: { Cookie, ...page } })).text(), /ada@acme\.example/)
  t.notMatch(JSON.stringify([up.lines, up.mlflow.calls]) + await up.metrics.registry.metrics(), new RegExp(`${secret}|a-code|an-access-token|a-refresh-token|eyJ|${Cookie.split('=')[1] ?? ''}`))
})

t.test('what does not fit the sign-in that was begun begins no session', async t => {
  const { up, issuer, away, back } = await trial(t)
  const another = await away()
  const now = Math.floor(Date.now() / 1000)
  const ways: ReadonlyArray<readonly [string, Parameters<typeof back>[0]]> = [
    ['another state', { query: { state: another.url.searchParams.get('state') ?? '' } }],
    ['no state', { query: { state: undefined } }],
    ['another nonce', { claims: { nonce: another.url.searchParams.get('nonce') } }],
    ['no nonce', { claims: { nonce: undefined } }],
    ['another issuer in the address', { query: { iss: 'https://evil.example' } }],
    ['no issuer in the address, though the provider gives one', { query: { iss: undefined } }],
    ['another issuer in the token', { claims: { iss: 'https://evil.example' } }],
    ['a token for another client', { claims: { aud: 'other' } }],
    ['a token that has expired', { claims: { exp: now - 60 } }],
    ['no cookie', { cookie: '' }],
    ['a cookie of somebody else', { cookie: another.cookie }],
    ['a forged cookie', { cookie: `hokusai_sign_in=${'A'.repeat(300)}` }],
    ['a person who said no', { query: { code: undefined, error: 'access_denied' } }]
  ]
  for (const [name, more] of ways) {
    const answer = await back(more)
    t.equal(answer.status, 401, name)
    t.equal(sessionOf(answer), undefined, name)
    t.match(answer.all('set-cookie'), [/^hokusai_sign_in=; .*Max-Age=0/], name)
    t.equal((await up.line(answer.header('x-request-id'))).refusal, 'sign_in', name)
  }
  const seen = await back({ query: { state: 'x' }, headers: page })
  t.equal(seen.status, 401)
  t.match(seen.text(), /role="alert"[^<]*>The identity provider did not sign the person in/, 'people get the page again')
  issuer.behave(undefined)
})

t.test('a signature of somebody else begins no session', async t => {
  const { issuer, back } = await trial(t)
  t.equal((await back()).status, 303)
  const { token } = issuer
  const published = await token({ sub: 'x' })
  Object.assign(issuer, { token: async (claims: TokenClaims) => (await token(claims)).replace(/[^.]+$/, published.split('.')[2] ?? '') })
  t.equal((await back()).status, 401)
})

t.test('a way back is good once, and by GET alone', async t => {
  const { up, away, back } = await trial(t)
  const begun = await away()
  const first = await back({ cookie: begun.cookie, query: { state: begun.url.searchParams.get('state') ?? '' }, claims: { nonce: begun.url.searchParams.get('nonce') } })
  t.equal(first.status, 303)
  const again = await back({ cookie: begun.cookie, query: { state: begun.url.searchParams.get('state') ?? '' }, claims: { nonce: begun.url.searchParams.get('nonce') } })
  t.equal(again.status, 401)
  t.equal((await back({ method: 'HEAD' })).status, 404)
  t.equal((await up.call('GET', `/login/oidc?next=${encodeURIComponent('//evil.example')}`, { key: null })).status, 303)
})

t.test('nobody is led elsewhere in the end', async t => {
  const { up, issuer, away } = await trial(t)
  for (const next of ['//evil.example', 'https://evil.example', '/login/oidc', '/login/callback', '/nowhere']) {
    const { url, cookie } = await away(next)
    issuer.grant = async () => ({ access_token: 'a', token_type: 'Bearer', id_token: await issuer.token({ aud: 'facade', nonce: url.searchParams.get('nonce') }) })
    const query = new URLSearchParams({ code: 'c', state: url.searchParams.get('state') ?? '', iss: issuer.url })
    t.equal((await up.call('GET', `/login/callback?${query.toString()}`, { key: null, headers: { Cookie: cookie } })).header('location'), '/mlflow/', next)
  }
})

t.test('without a role it is 403 and no session; while the provider fails it is 503', async t => {
  const { issuer, away, back } = await trial(t)
  const none = await back({ claims: { groups: [] } })
  t.equal(none.status, 403)
  t.equal(sessionOf(none), undefined)
  t.match(none.json().message, /OIDC_ROLES/)
  issuer.behave(res => { res.socket?.resetAndDestroy() })
  const answer = await back()
  t.equal(answer.status, 503)
  t.equal(sessionOf(answer), undefined)
  const fresh = await trial(t)
  fresh.issuer.behave(res => { res.writeHead(500).end() })
  t.equal((await fresh.away()).answer.status, 503)
  t.equal((await away()).answer.status, 303, 'what the provider said of itself is known')
})

t.test('a sign-out leads to the provider\'s, by a page of ours', async t => {
  const { up, issuer, back } = await trial(t)
  const Cookie = sessionOf(await back()) ?? ''
  t.equal((await up.call('POST', '/logout', { key: null, headers: { Cookie, Origin: 'https://evil.example' } })).status, 403)
  const out = await up.call('POST', '/logout', { key: null, headers: { Cookie, Origin: own } })
  t.equal(out.status, 200)
  t.match(out.header('set-cookie'), /^hokusai_session=; .*Max-Age=0/)
  t.match(out.text(), new RegExp(`href="${issuer.url}/end\\?`))
  t.match(out.header('content-security-policy'), /default-src 'none'/)
  t.equal((await up.call('GET', search, { key: null, headers: { Cookie } })).status, 401)
})

t.test('the provider is asked again after OIDC_REFRESH_SECONDS, and who has lost the role is out', async t => {
  const { up, issuer, back } = await trial(t, { OIDC_REFRESH_SECONDS: '1' })
  const Cookie = sessionOf(await back()) ?? ''
  const read = async (): Promise<Answer> => await up.call('GET', search, { key: null, headers: { Cookie } })
  t.equal((await read()).status, 200)
  await new Promise(resolve => setTimeout(resolve, 1100))
  issuer.grant = async () => ({ access_token: 'b', refresh_token: 'second', token_type: 'Bearer', expires_in: 300, id_token: await issuer.token({ aud: 'facade', sub: 'ada' }) })
  const renewed = await read()
  t.equal(renewed.status, 200)
  t.match(renewed.header('set-cookie'), /^hokusai_session=p\./, 'the cookie holds the new token')
  await new Promise(resolve => setTimeout(resolve, 1100))
  issuer.grant = async () => ({ access_token: 'c', refresh_token: 'third', token_type: 'Bearer', expires_in: 300, id_token: await issuer.token({ aud: 'facade', sub: 'ada', groups: [] }) })
  t.equal((await read()).status, 401)
  const sent = await up.call('GET', '/mlflow/', { key: null, headers: { Cookie, ...page } })
  t.equal(sent.status, 303)
  t.match(sent.header('location'), /^\/login\?next=/)
})

t.test('without a provider its paths are not there', async t => {
  const up = await facade(t, echo)
  for (const path of ['/login/oidc', '/login/callback?code=x']) t.equal((await up.call('GET', path, { key: null })).status, 404, path)
  t.notMatch((await up.call('GET', '/login', { key: null, headers: page })).text(), 'id="away"')
})
