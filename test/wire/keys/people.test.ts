/** Sessions of people as the provider goes on: what they may do is asked for again, and ends with what the provider says. */
import t, { type Test } from 'tap'
import { rolesIn, type Role } from '../../../src/core/settings/oidc.js'
import { StoreUnavailableError } from '../../../src/keys/contract.js'
import { openPeople, type People } from '../../../src/keys/people/people.js'
import { failures } from '../../helpers/auth-server.js'
import { startIssuer, type Issuer, type TokenClaims } from '../../helpers/issuer.js'

const refreshMs = 300_000
const staleMs = 600_000
const roles = JSON.stringify([
  { claim: 'groups', value: 'ml-team', scopes: ['mlflow:write'] },
  { claim: 'groups', value: 'team-a', scopes: ['mlflow:write'], permissions: ['write:models/team-a-*'] },
  { claim: 'groups', value: 'admins', scopes: ['mlflow:admin'], workspaces: ['team-a'], rate: '60/hour' }
])

interface Trial {
  readonly issuer: Issuer
  readonly clock: { at: number }
  readonly people: People
  /** The same on another replica. */
  readonly elsewhere: People
  /** What the provider says of the person, and gives for a refresh. */
  readonly said: { claims: TokenClaims, refresh: string | undefined }
  readonly signIn: () => Promise<string>
}

async function trial (t: Test): Promise<Trial> {
  const issuer = await startIssuer(t)
  const clock = { at: Date.now() }
  const said: Trial['said'] = { claims: { groups: ['ml-team'] }, refresh: 'r1' }
  const client = { id: 'facade', secret: 'a secret of the facade', name: 'Acme', scope: 'openid', refreshMs, keyLifetimeMs: undefined }
  const config = { issuer: issuer.url, audience: undefined, userClaim: 'email', roles: rolesIn(roles) as readonly Role[], client }
  const open = (): People => openPeople(config, { idleMs: 8 * 3_600_000, maxMs: 24 * 3_600_000, staleMs, secret: () => 'a secret for seals that is long enough', now: () => clock.at })
  const [people, elsewhere] = [open(), open()]
  let nonce = ''
  issuer.grant = async form => ({
    access_token: 'a',
    token_type: 'Bearer',
    expires_in: 3600,
    ...said.refresh === undefined ? {} : { refresh_token: said.refresh },
    id_token: await issuer.token({ aud: 'facade', sub: 'ada', ...form.get('grant_type') === 'authorization_code' ? { nonce } : {}, ...said.claims })
  })
  const signIn = async (): Promise<string> => {
    const { url, cookie } = await people.begin('https://facade.test/login/callback', '/mlflow/')
    nonce = url.searchParams.get('nonce') ?? ''
    const query = new URLSearchParams({ code: 'c', state: url.searchParams.get('state') ?? '', iss: issuer.url })
    return (await people.finish(`?${query.toString()}`, cookie)).token
  }
  return { issuer, clock, people, elsewhere, said, signIn }
}

t.test('a session never administers, and the provider is asked again when it is due, once for all who wait', async t => {
  const { issuer, clock, people, said, signIn } = await trial(t)
  said.claims = { groups: ['admins'], email: 'ada@acme.example', email_verified: true }
  const token = await signIn()
  const caller = { userId: 'ada@acme.example', session: true, workspaces: ['team-a'], ratePerHour: 60, scopes: new Set(['mlflow:write', 'mlflow:gateway']) }
  t.match(people.sessions.verify(token, ''), { valid: true, caller })
  const asked = issuer.forms.length
  clock.at += refreshMs
  said.claims = { groups: ['ml-team'] }
  said.refresh = 'r2'
  const verdicts = await Promise.all(Array.from({ length: 5 }, async () => await people.sessions.verify(token, '')))
  for (const verdict of verdicts) t.match(verdict, { valid: true, caller: { userId: 'ada', workspaces: [], ratePerHour: undefined, scopes: new Set(['mlflow:write']) } })
  t.equal(issuer.forms.length, asked + 1)
  t.equal(issuer.forms.at(-1)?.get('refresh_token'), 'r1')
  const renewed = people.sessions.renew(token)
  t.ok(renewed, 'the cookie gets what the provider gave')
  clock.at += refreshMs
  await people.sessions.verify(renewed ?? '', '')
  t.equal(issuer.forms.at(-1)?.get('refresh_token'), 'r2')
})

t.test('a session is bound by what the roles permit, here and on another replica, and by what they permit later', async t => {
  const { clock, people, elsewhere, said, signIn } = await trial(t)
  said.claims = { groups: ['team-a'] }
  const token = await signIn()
  for (const each of [people, elsewhere]) t.match(each.sessions.verify(token, ''), { valid: true, caller: { permissions: { texts: ['write:models/team-a-*'] } } })
  clock.at += refreshMs
  said.claims = { groups: ['ml-team'] }
  t.match(await people.sessions.verify(token, ''), { valid: true, caller: { permissions: undefined } })
})

t.test('whose groups are taken away, or whom the provider knows no longer, is out at the next question, and stays out', async t => {
  const { issuer, clock, people, said, signIn } = await trial(t)
  const good = issuer.grant
  const ways: ReadonlyArray<readonly [string, () => void]> = [
    ['no group', () => { said.claims = { groups: [] } }],
    ['a group that is none of ours', () => { said.claims = { groups: ['others'] } }],
    ['somebody else', () => { said.claims = { groups: ['ml-team'], sub: 'eve' } }],
    ['a session that has ended there', () => { issuer.grant = async () => ({ error: 'invalid_grant' }) }]
  ]
  for (const [name, change] of ways) {
    said.claims = { groups: ['ml-team'] }
    issuer.grant = good
    const token = await signIn()
    change()
    t.match(await people.sessions.verify(token, ''), { valid: true }, `${name}: not yet`)
    clock.at += refreshMs
    t.equal(await people.sessions.verify(token, ''), undefined, name)
    said.claims = { groups: ['ml-team'] }
    issuer.grant = good
    t.equal(await people.sessions.verify(token, ''), undefined, `${name}: for good`)
    t.equal(people.sessions.renew(token), undefined)
  }
})

t.test('replicas that ask at once with a token that is good once do not end the session for each other', async t => {
  const { issuer, clock, people, elsewhere, said, signIn } = await trial(t)
  const { grant } = issuer
  const token = await signIn()
  t.match(elsewhere.sessions.verify(token, ''), { valid: true }, 'known by its cookie alone')
  clock.at += refreshMs
  said.refresh = 'r2'
  t.match(await people.sessions.verify(token, ''), { valid: true })
  const renewed = people.sessions.renew(token) ?? ''
  issuer.grant = async () => ({ error: 'invalid_grant' })
  t.equal(await elsewhere.sessions.verify(token, ''), undefined, 'the one before is spent')
  issuer.grant = grant
  t.match(await elsewhere.sessions.verify(renewed, ''), { valid: true })
  t.equal(await elsewhere.sessions.verify(token, ''), undefined)
  await people.leave(renewed, 'https://facade.test/')
  t.equal(people.sessions.verify(renewed, ''), undefined)
  t.equal(people.sessions.verify(token, ''), undefined)
})

t.test('while the provider fails a session goes on, for so long as keys do', async t => {
  const { issuer, clock, people, signIn } = await trial(t)
  const token = await signIn()
  clock.at += refreshMs
  for (const name of ['internalError', 'html', 'garbage', 'reset', 'unauthorized'] as const) {
    issuer.behave((res, req) => name === 'unauthorized' ? res.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}') : failures[name](res, '', req))
    t.match(await people.sessions.verify(token, ''), { valid: true }, name)
    clock.at += 10_000
  }
  const asked = issuer.asked.length
  await people.sessions.verify(token, '')
  t.equal(issuer.asked.length, asked + 1)
  await people.sessions.verify(token, '')
  t.equal(issuer.asked.length, asked + 1, 'and does not ask each time')
  clock.at += staleMs
  await t.rejects(async () => await people.sessions.verify(token, ''), StoreUnavailableError)
  issuer.behave(undefined)
  clock.at += 10_000
  t.match(await people.sessions.verify(token, ''), { valid: true })
})

t.test('without a token to ask again, a session lasts as long as the provider\'s own', async t => {
  const { clock, people, said, signIn } = await trial(t)
  said.refresh = undefined
  const token = await signIn()
  clock.at += 3_599_000
  t.match(people.sessions.verify(token, ''), { valid: true })
  clock.at += 2000
  t.equal(people.sessions.verify(token, ''), undefined)
})

t.test('a sign-out ends it here and the token at the provider, and names the page that ends the rest', async t => {
  const { issuer, people, signIn } = await trial(t)
  const token = await signIn()
  const url = await people.leave(token, 'https://facade.test/')
  t.equal(url?.pathname, '/realm/end')
  t.equal(url?.searchParams.get('post_logout_redirect_uri'), 'https://facade.test/')
  t.match(url?.searchParams.get('id_token_hint'), /^eyJ/)
  t.equal(issuer.forms.at(-1)?.get('token'), 'r1')
  t.equal(people.sessions.verify(token, ''), undefined)
  const other = await signIn()
  await issuer.close()
  t.ok(await people.leave(other, 'https://facade.test/'), 'also while the provider is away')
  t.equal(people.sessions.verify(other, ''), undefined)
})

t.test('what was not sealed here is no session', async t => {
  const { people, signIn } = await trial(t)
  const token = await signIn()
  for (const forged of ['p.', 'p.x', token.slice(2), `${token.slice(0, -2)}AA`, `p.${'A'.repeat(200)}`, `p.${'A'.repeat(20_000)}`]) t.equal(people.sessions.verify(forged, ''), undefined, forged.slice(0, 12))
})
