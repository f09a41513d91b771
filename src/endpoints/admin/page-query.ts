/** What a list of keys is asked for, from the parameters of a request, and the tokens that lead from page to page. */
import { FacadeError } from '../../core/errors.js'
import type { KeyPosition, KeyQuery, KeyState } from '../../keys/contract.js'
import { hashKey } from '../../keys/key.js'

export const pageSize = 100
export const pageMax = 1000

/** As its schema has checked them. */
export interface PageParameters {
  readonly state?: KeyState
  readonly owner?: string
  readonly name?: string
  readonly hint?: string
  readonly max_results: number
  readonly page_token?: string
}

/** @throws FacadeError (400) where the token is none of a list with these parameters */
export function toKeyQuery ({ max_results: limit, page_token: token = '', ...filter }: PageParameters): KeyQuery {
  return { ...filter, limit, after: token === '' ? undefined : readToken(token, filter) }
}

/** Leads to the keys after this one, of a list with the same filter. */
export function pageToken ({ createdAt, keyId }: KeyPosition, { state, owner, name, hint }: KeyQuery): string {
  return Buffer.from(JSON.stringify([createdAt, keyId, digest({ state, owner, name, hint })])).toString('base64url')
}

const tokenMaxLength = 500

/** @throws FacadeError */
function readToken (token: string, filter: Omit<KeyQuery, 'limit'>): KeyPosition {
  const bytes = Buffer.from(token.slice(0, tokenMaxLength), 'base64url')
  // Node passes over what is no base64url
  const [createdAt, keyId, of] = bytes.toString('base64url') === token ? parse(bytes.toString()) : []
  if (!Number.isSafeInteger(createdAt) || typeof keyId !== 'string' || of !== digest(filter)) {
    throw new FacadeError('badRequest', {
      message: 'The parameter page_token is not the next_page_token of a list with the same parameters: begin again without it.',
      reason: 'schema'
    })
  }
  return { createdAt: createdAt as number, keyId }
}

function parse (text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

/** What tells one filter from another. */
function digest ({ state, owner, name, hint }: Omit<KeyQuery, 'limit'>): string {
  return hashKey(JSON.stringify([state, owner, name, hint])).slice(0, 16)
}
