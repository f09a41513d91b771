/** What people may ask of a key of their own: no more than they have themselves, and not for longer than the settings say. */
import type { FastifyRequest } from 'fastify'
import { scopeNames, type Scope } from '../../access/scopes.js'
import { FacadeError } from '../../core/errors.js'
import type { Caller, NewKey } from '../../keys/contract.js'
import { accountPrefix } from '../../keys/key.js'
import { toNewKey, type KeyRules } from '../../keys/key-input.js'

/** As its schema has checked it: a scope is there if it is asked for. */
export interface OwnKeyForm extends Partial<Readonly<Record<Scope, string>>> {
  readonly name: string
  readonly workspaces?: string
  readonly expires_in?: string
}

/** The person who has signed in at the identity provider, and makes the request. @throws FacadeError (403) */
export function personOf ({ caller }: FastifyRequest): Caller {
  if (caller?.session === true && caller.keyId.startsWith(accountPrefix)) return caller
  throw new FacadeError('forbidden', { message: 'Keys of one\'s own are for people who signed in with their company\'s account.', reason: 'not_a_person' })
}

/**
 * Refuses what a script could send, and what would be shown to one: a key that a page makes would outlive the session. No script can have a
 * request say that a person follows a form in a window of its own (Fetch Metadata, section 2); who sends no such headers came over plain
 * HTTP. @throws FacadeError (403)
 */
export function refuseScripts ({ raw: { headers } }: FastifyRequest): void {
  if (headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document') return
  throw new FacadeError('forbidden', {
    message: 'A key is made by the form of this page alone, in a browser and over HTTPS: the request does not say that it comes from there (Sec-Fetch-Mode, Sec-Fetch-Dest).',
    reason: 'foreign_origin'
  })
}

/** The scopes that a person can give to a key. */
export function scopesOf ({ scopes }: Caller): readonly Scope[] {
  return scopeNames.filter(name => scopes.has(name) || (name === 'mlflow:read' && scopes.has('mlflow:write')))
}

/** @throws FacadeError (400, 403), KeyInputError */
export function toOwnKey (form: OwnKeyForm, person: Caller, rules: KeyRules & { readonly keyLifetimeMs: number }, now: number): NewKey {
  const { ratePerHour } = person
  const asked = scopeNames.filter(name => form[name] !== undefined)
  const scope = asked.find(name => !scopesOf(person).includes(name))
  if (scope !== undefined) throw new FacadeError('forbidden', { message: `You do not have ${scope} yourself, so a key of yours cannot.`, reason: 'scope' })
  const named = (form.workspaces ?? '').split(',').map(name => name.trim()).filter(name => name !== '')
  const workspace = person.workspaces.length === 0 ? undefined : named.find(name => !person.workspaces.includes(name))
  if (workspace !== undefined) throw new FacadeError('forbidden', { message: 'A key of yours can be for workspaces of yours alone.', reason: 'workspace' })
  const { expires_in: within = '' } = form
  const latest = now + rules.keyLifetimeMs
  const key = toNewKey({
    name: form.name,
    owner: person.userId,
    scopes: asked,
    workspaces: named.length === 0 ? person.workspaces : named,
    permissions: person.permissions?.texts,
    rate: ratePerHour === undefined ? undefined : `${ratePerHour}/hour`,
    expires: within === '' ? 'never' : within
  }, 'live', { defaultRate: rules.defaultRate, keyLifetimeMs: undefined }, now)
  if (key.expiresAt !== undefined && key.expiresAt > latest) {
    throw new FacadeError('badRequest', { message: `A key of yours ends by ${new Date(latest).toISOString()} at the latest.`, reason: 'schema' })
  }
  return { ...key, expiresAt: key.expiresAt ?? latest }
}
