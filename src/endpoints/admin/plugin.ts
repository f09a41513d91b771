/** `/admin/keys`: keys managed over HTTP, with a key in a header that has `mlflow:admin`; no session has that. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { mayChange, refusedChange, type OriginOptions } from '../../http/answer/origins.js'
import { sayForAudit } from '../../http/audited.js'
import type { KeyVerifier, NewKey } from '../../keys/contract.js'
import { toImportedKeys } from '../../keys/imported.js'
import { latestEnd, toKeyChanges, toLine, toNewKey, type KeyRules } from '../../keys/key-input.js'
import { toKeyBody, toWishes, type KeyBody } from './bodies.js'
import { adminRoute, found, idOf, keysPath, managed, prepareKeys, sendIssued } from './keys.js'
import { ownKey, type OverlapBody } from './own-key.js'
import { pageToken, toKeyQuery, type PageParameters } from './page-query.js'
import * as schemas from './schemas.js'

interface AdminOptions {
  readonly verifier: KeyVerifier
  readonly config: KeyRules & OriginOptions
  /** Whether a peer is a load balancer of ours. */
  readonly trusted: (address: string | undefined) => boolean
}

/** For as many keys as a request may bring, by their hashes and with names. */
const importMaxBytes = 1024 * 1024
const problemsTold = 20

const one = `${keysPath}/:id`
const careful = { keepsAdmin: true }

export default async function admin (app: FastifyInstance, { verifier, config, trusted }: AdminOptions): Promise<void> {
  prepareKeys(app)
  app.addHook('onRequest', async request => {
    const refused = mayChange(request, config, trusted(request.raw.socket.remoteAddress)) ? undefined : refusedChange(request, config)
    if (refused !== undefined) throw refused
  })
  ownKey(app, { verifier, rules: config })

  app.get(keysPath, { ...adminRoute('list_keys', schemas.listKeys), preValidation: readNumber }, async ({ query }) => {
    const asked = toKeyQuery(query as PageParameters)
    const { records, next } = await managed(verifier).page(asked)
    return { keys: records.map(toKeyBody), next_page_token: next === undefined ? null : pageToken(next, asked) }
  })

  app.post(keysPath, adminRoute('create_key', schemas.createKey), async (request, reply) => {
    const store = managed(verifier)
    const { name, environment, ...rest } = request.body as KeyBody & Pick<NewKey, 'name' | 'environment'>
    const key = toNewKey({ ...toWishes(rest), name }, environment, config, Date.now())
    return sendIssued(request, reply, await store.create(key), 'id')
  })

  app.post(`${keysPath}/import`, { ...adminRoute('import_keys', schemas.importKeys), bodyLimit: importMaxBytes }, async request => {
    const store = managed(verifier)
    const { keys } = request.body as { readonly keys: readonly unknown[] }
    const entries = keys.map((value, index) => ({ at: `keys.${index}`, value }))
    const { imported } = await store.import(toImportedKeys(entries, problemsTold), 'refuse')
    sayForAudit(request, { resource: { keys: String(imported) } })
    return { imported }
  })

  app.get(one, adminRoute('get_key', schemas.getKey), async request => toKeyBody(found(await managed(verifier).show(idOf(request)))))

  app.patch(one, adminRoute('update_key', schemas.updateKey), async request => {
    const store = managed(verifier)
    const changes = toKeyChanges(toWishes(request.body as KeyBody), config, Date.now())
    sayForAudit(request, { resource: { changes: Object.keys(changes).join(',') } })
    return toKeyBody(found(await store.update(idOf(request), changes, careful)))
  })

  app.delete(one, adminRoute('revoke_key', schemas.revokeKey), async (request, reply) => {
    found(await managed(verifier).revoke(idOf(request), reasonIn(request.query), careful))
    return reply.code(204).send()
  })

  app.post(`${one}/rotate`, adminRoute('rotate_key', schemas.rotateKey), async (request, reply) => {
    const { overlap_seconds: seconds } = request.body as OverlapBody
    const issued = found(await managed(verifier).rotate(idOf(request), seconds * 1000, latestEnd(config, Date.now())))
    return sendIssued(request, reply, issued, 'new_id')
  })

  app.post(`${one}/disable`, adminRoute('disable_key', schemas.disableKey), async request =>
    toKeyBody(found(await managed(verifier).disable(idOf(request), reasonIn(request.body), careful))))

  app.post(`${one}/enable`, adminRoute('enable_key', schemas.enableKey), async request => toKeyBody(found(await managed(verifier).enable(idOf(request)))))
}

/** Of what a key is revoked or disabled for. @throws KeyInputError */
function reasonIn (given: unknown): string | undefined {
  const { reason } = given as { readonly reason?: string }
  return reason === undefined ? undefined : toLine('reason', reason)
}

/** Parameters of a query are texts: one that its schema takes for a number becomes one. */
async function readNumber ({ query }: FastifyRequest): Promise<void> {
  const parameters = query as { max_results?: unknown }
  const { max_results: given } = parameters
  if (typeof given === 'string' && /^\d{1,4}$/.test(given)) parameters.max_results = Number(given)
}
