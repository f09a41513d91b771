/** A real OpenID provider (oidc-provider) on loopback: a person, Ada, a service account, and the facade as a client. */
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider from 'oidc-provider'

export interface RealProvider {
  readonly issuer: string
  /** What tokens, and what is said of Ada, hold as `groups`. */
  groups: readonly string[]
  /** Lets people sign in for the facade at this address, from now on. */
  readonly serve: (facade: string) => void
  /** A token of the service account for an audience (RFC 6749, section 4.4; RFC 8707). */
  readonly serviceToken: (audience: string) => Promise<string>
}

const account = { id: 'trainer', secret: 'a secret of the service account alone' }
/** The facade as the provider knows it. */
export const facadeClient = { id: 'facade', secret: 'a secret of the facade alone' }

export async function startProvider (t: { teardown: (fn: () => unknown) => void }, groups: readonly string[]): Promise<RealProvider> {
  let listener: RequestListener
  const server = createServer((request, response) => { listener(request, response) }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}` // another site than the facade, which is on 127.0.0.1
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const key = { ...await exportJWK(privateKey), kid: 'one', use: 'sig', alg: 'RS256' }
  const real: RealProvider = {
    issuer,
    groups,
    serve: facade => { listener = listenerOf(issuer, key, () => real.groups, facade) },
    serviceToken: async audience => {
      const body = new URLSearchParams({ grant_type: 'client_credentials', resource: audience })
      const credentials = Buffer.from(`${encodeURIComponent(account.id)}:${encodeURIComponent(account.secret)}`).toString('base64')
      const answer = await fetch(`${issuer}/token`, { method: 'POST', body, headers: { authorization: `Basic ${credentials}` } })
      const { access_token: token } = await answer.json() as { access_token?: string }
      if (token === undefined) throw new Error(`the provider gave no token: ${answer.status}`)
      return token
    }
  }
  listener = listenerOf(issuer, key, () => real.groups, undefined)
  return real
}

function listenerOf (issuer: string, key: JWK, groups: () => readonly string[], facade: string | undefined): RequestListener {
  const scope = 'openid email groups'
  const provider = new Provider(issuer, {
    jwks: { keys: [key] },
    cookies: { keys: ['a key for the cookies of the tests'] },
    clients: [
      { client_id: account.id, client_secret: account.secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] },
      ...facade === undefined ? [] : [clientAt(facade)]
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    scopes: ['openid', 'email', 'groups'],
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@acme.example`, email_verified: true, groups: groups() })
    }),
    // Nobody is asked whether the company's own facade may know them
    loadExistingGrant: async ({ oidc }: { readonly oidc: { readonly session: { readonly accountId: string } } }) => {
      const grant = new provider.Grant({ clientId: facadeClient.id, accountId: oidc.session.accountId })
      grant.addOIDCScope(scope)
      await grant.save()
      return grant
    },
    issueRefreshToken: () => true,
    interactions: { url: (_context: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, audience: string) => ({ scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: 300 })
      }
    },
    extraTokenClaims: () => ({ groups: groups() })
  })
  const answer = provider.callback()
  return (request, response) => {
    if (request.url?.startsWith('/interaction/') !== true) answer(request, response)
    else if (request.method === 'POST') void provider.interactionFinished(request, response, { login: { accountId: 'ada' } })
    else response.writeHead(200, { 'content-type': 'text/html' }).end('<title>Acme</title><form method="post"><button>Continue as Ada</button></form>')
  }
}

function clientAt (facade: string): Readonly<Record<string, unknown>> {
  return {
    client_id: facadeClient.id,
    client_secret: facadeClient.secret,
    grant_types: ['authorization_code', 'refresh_token'],
    redirect_uris: [`${facade}/login/callback`],
    post_logout_redirect_uris: [`${facade}/`],
    token_endpoint_auth_method: 'client_secret_post'
  }
}
