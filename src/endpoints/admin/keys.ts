/** The keys of a store of our own as endpoints have them: the store, or why there is none, and what its errors are over HTTP. */
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import { storeFault } from '../../auth/authenticate.js'
import { FacadeError } from '../../core/errors.js'
import { sendError } from '../../http/answer/send-error.js'
import { sayForAudit } from '../../http/audited.js'
import { KeyConflictError } from '../../keys/conflicts.js'
import { StoreNotOursError, type IssuedKey, type KeyStore, type KeyVerifier } from '../../keys/contract.js'
import { KeyInputError, type KeyWishes } from '../../keys/key-input.js'
import { mayManage } from '../../keys/records.js'
import { toIssuedBody, type KeyBody } from './bodies.js'
import { apiKey, issuedKey } from './schemas.js'

export const keysPath = '/admin/keys'

/** What a route of an administrator's says of itself. @param operation its name for log and metrics */
export function adminRoute (
  operation: string,
  schema: FastifySchema
): { readonly schema: FastifySchema, readonly config: FastifyContextConfig, readonly onRequest: typeof refuseTied } {
  return { schema, config: { access: 'admin', operation }, onRequest: refuseTied }
}

/** Refuses a key that has the scope, but is not for all of MLflow. @throws FacadeError (403) */
export async function refuseTied ({ caller }: FastifyRequest): Promise<void> {
  if (caller === undefined || mayManage(caller)) return
  if (caller.permissions === undefined) {
    throw new FacadeError('forbidden', { message: 'This API key is tied to workspaces: only one that is not may administer.', reason: 'workspace' })
  }
  throw new FacadeError('forbidden', { message: 'This API key is bound by permissions: only one that is not may administer.', reason: 'scope' })
}

/** The id in the path. */
export function idOf ({ params }: FastifyRequest): string {
  return (params as { readonly id: string }).id
}

/** What answers hold, and how a key that cannot be had or changed is answered, for all routes that are added after. */
export function prepareKeys (app: FastifyInstance): void {
  app.addSchema({ $id: 'ApiKey', ...apiKey })
  app.addSchema({ $id: 'IssuedKey', ...issuedKey })
  app.setErrorHandler((error, { body }, reply) => sendError(reply, keyFault(error, body)))
  // A body that may be left out is then one that asks for nothing.
  app.addHook('preValidation', async request => { if (request.routeOptions.schema?.body !== undefined) request.body ??= {} })
}

/** @throws StoreNotOursError where an auth service manages the keys */
export function managed (verifier: KeyVerifier): KeyStore {
  if (!('rotate' in verifier)) throw new StoreNotOursError()
  return verifier as KeyStore
}

/** @throws FacadeError (404) */
export function found<T> (given: T | undefined): T {
  if (given === undefined) throw new FacadeError('noSuchKey', { reason: 'no_such_key' })
  return given
}

/** Answers with a new key. @param as what the audit trail calls its id, beside that of a key in the path */
export function sendIssued (request: FastifyRequest, reply: FastifyReply, issued: IssuedKey, as: 'id' | 'new_id'): FastifyReply {
  const { keyId, name, userId } = issued.record
  sayForAudit(request, { resource: { [as]: keyId, name, user: userId } })
  return reply.code(201).header('location', `${keysPath}/${issued.record.keyId}`).send(toIssuedBody(issued))
}

/** The name that a body has for what is asked of a key. */
function fieldName (about: keyof KeyWishes, body: unknown): string {
  if (about !== 'expires') return about
  return (body as KeyBody).expires_in === undefined ? 'expires_at' : 'expires_in'
}

/** What an error of a key store, or of what is asked of a key, is over HTTP. @param body of the request */
export function keyFault (error: unknown, body: unknown): FacadeError {
  if (error instanceof KeyInputError) {
    const field = error.about === undefined ? '' : `The field ${fieldName(error.about, body)} is not valid. `
    return new FacadeError('badRequest', { message: field + error.message, reason: 'schema' })
  }
  if (error instanceof KeyConflictError) return new FacadeError('conflict', { message: error.message, reason: 'key_conflict' })
  if (error instanceof StoreNotOursError) return new FacadeError('notOurs', { message: error.message, reason: 'keys_elsewhere' })
  return storeFault(error)
}
