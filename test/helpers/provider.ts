/** A real OpenID provider (oidc-provider) on loopback, with one account for each kind of caller. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'

export interface RealProvider {
  readonly issuer: string
  /** A token of the service account for an audience (RFC 6749, section 4.4; RFC 8707). */
  readonly serviceToken: (audience: string) => Promise<string>
}

const account = { id: 'trainer', secret: 'a secret of the service account alone' }

/** @param groups what tokens of the service account hold as `groups` */
export async function startProvider (t: { teardown: (fn: () => unknown) => void }, groups: readonly string[]): Promise<RealProvider> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  const provider = new Provider(issuer, {
    jwks: { keys: [{ ...await exportJWK(privateKey), kid: 'one', use: 'sig', alg: 'RS256' }] },
    clients: [{ client_id: account.id, client_secret: account.secret, grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context: unknown, audience: string) => ({ scope: '', audience, accessTokenFormat: 'jwt', accessTokenTTL: 300 })
      }
    },
    extraTokenClaims: () => ({ groups })
  })
  server.on('request', provider.callback())
  t.teardown(async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  })
  return {
    issuer,
    serviceToken: async audience => {
      const body = new URLSearchParams({ grant_type: 'client_credentials', resource: audience })
      const credentials = Buffer.from(`${encodeURIComponent(account.id)}:${encodeURIComponent(account.secret)}`).toString('base64')
      const answer = await fetch(`${issuer}/token`, { method: 'POST', body, headers: { authorization: `Basic ${credentials}` } })
      const { access_token: token } = await answer.json() as { access_token?: string }
      if (token === undefined) throw new Error(`the provider gave no token: ${answer.status}`)
      return token
    }
  }
}
