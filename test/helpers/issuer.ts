/** A stand-in for an identity provider, which signs tokens of every kind and fails in every way. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, type JWK, type JWTHeaderParameters } from 'jose'

type Behaviour = (res: ServerResponse, req: IncomingMessage) => void

export interface Issuer {
  readonly url: string
  /** Paths that were asked for, in their order. */
  readonly asked: string[]
  /** A token that is good unless something else is said of it. */
  readonly token: (claims?: TokenClaims, header?: Partial<JWTHeaderParameters>, sign?: Signing) => Promise<string>
  /** The public key in PEM, as somebody who forges tokens knows it. */
  readonly publicPem: () => Promise<string>
  /** Signs with a new key from now on, of another name, which stands beside the ones before. */
  readonly rotate: (kid: string) => Promise<void>
  /** What the token endpoint answers; it is handed the form, and whether that came with the client's secret. */
  grant: (form: URLSearchParams) => Promise<Readonly<Record<string, unknown>>>
  /** Forms that the token and the revocation endpoint got. */
  readonly forms: URLSearchParams[]
  /** Answers so from now on; undefined: as it should. */
  readonly behave: (behaviour: Behaviour | undefined) => void
  /** What the discovery document says besides or instead. */
  document: Readonly<Record<string, unknown>>
  /** How far its clock is ahead. */
  aheadMs: number
  readonly close: () => Promise<void>
}

type Signing = Parameters<SignJWT['sign']>[0]
type Pair = Awaited<ReturnType<typeof generateKeyPair>>
export type TokenClaims = Readonly<Record<string, unknown>>

export const audience = 'https://registry.test'

function endpoints (url: string): Readonly<Record<string, unknown>> {
  return {
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    revocation_endpoint: `${url}/revoke`,
    end_session_endpoint: `${url}/end`,
    id_token_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true
  }
}

export async function startIssuer (t: { teardown: (fn: () => unknown) => void }): Promise<Issuer> {
  const asked: string[] = []
  const forms: URLSearchParams[] = []
  const published: JWK[] = []
  let signing: Pair & { readonly kid: string }
  let behaviour: Behaviour | undefined

  const rotate = async (kid: string): Promise<void> => {
    signing = { kid, ...await generateKeyPair('ES256', { extractable: true }) }
    published.push({ ...await exportJWK(signing.publicKey), kid, use: 'sig', alg: 'ES256' })
  }
  await rotate('first')

  const server = createServer((req, res) => {
    asked.push(req.url ?? '')
    if (behaviour !== undefined) { behaviour(res, req); return }
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => { void answer(req.url ?? '', Buffer.concat(chunks).toString(), res) })
  }).listen(0, '127.0.0.1')
  const answer = async (path: string, body: string, res: ServerResponse): Promise<void> => {
    if (path !== '/realm/keys' && body !== '') forms.push(new URLSearchParams(body))
    const content = path === '/realm/.well-known/openid-configuration'
      ? { issuer: url, jwks_uri: `${url}/keys`, ...endpoints(url), ...issuer.document }
      : path === '/realm/token' ? await issuer.grant(new URLSearchParams(body)) : { keys: published }
    res.writeHead('error' in content ? 400 : 200, { 'content-type': 'application/json', date: new Date(Date.now() + issuer.aheadMs).toUTCString() }).end(JSON.stringify(content))
  }
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/realm`
  const close = async (): Promise<void> => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  t.teardown(close)

  const issuer: Issuer = {
    url,
    asked,
    document: {},
    forms,
    grant: async () => ({ error: 'invalid_grant' }),
    aheadMs: 0,
    rotate,
    close,
    behave: next => { behaviour = next },
    publicPem: async () => await exportSPKI(signing.publicKey),
    token: async (claims = {}, header = {}, sign = signing.privateKey) => {
      const now = Math.floor(Date.now() / 1000)
      const given = { iss: url, aud: audience, sub: 'service-1', iat: now, exp: now + 300, groups: ['ml-team'], ...claims }
      return await new SignJWT(given).setProtectedHeader({ alg: 'ES256', kid: signing.kid, ...header }).sign(sign)
    }
  }
  return issuer
}
