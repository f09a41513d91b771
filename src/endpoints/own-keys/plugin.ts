/** `/keys`: people who signed in at the identity provider list, make and revoke keys of their own. */
import type { FastifyContextConfig, FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify'
import { ownKeysPath } from '../../auth/sign-in.js'
import { sendError } from '../../http/answer/send-error.js'
import { sayForAudit } from '../../http/audited.js'
import { KeyConflictError } from '../../keys/conflicts.js'
import type { Caller, KeyRecord, KeyState, KeyVerifier } from '../../keys/contract.js'
import type { KeyRules } from '../../keys/key-input.js'
import { found, idOf, keyFault, managed } from '../admin/keys.js'
import { closed, string } from '../describe.js'
import { takeForms } from '../forms.js'
import { personOf, refuseScripts, toOwnKey, type OwnKeyForm } from './grant.js'
import { issuedHeaders, issuedHtml, listHeaders, listHtml, refusedHtml } from './page.js'

interface Options {
  readonly verifier: KeyVerifier
  readonly rules: KeyRules
  /** How long a key lives at most that a person makes; undefined: they make none here. */
  readonly lifetimeMs: number | undefined
}

/** More than people have use for, and few enough that nobody fills the store. */
const keysPerPerson = 100

const form = closed({
  name: { ...string, minLength: 1, maxLength: 1000 },
  workspaces: { ...string, maxLength: 2000 },
  expires_in: { ...string, pattern: '^(?:\\d{1,9}[smhdw])?$' },
  'mlflow:read': string,
  'mlflow:write': string,
  'mlflow:gateway': string,
  'mlflow:admin': string
}, ['name'])

/** For people: a document of an API does not list it. */
const hidden = (more: object = {}): FastifySchema => ({ hide: true, ...more })
const config = (operation: string): FastifyContextConfig => ({ access: 'ui', operation })

export default async function ownKeys (app: FastifyInstance, { verifier, rules, lifetimeMs: given }: Options): Promise<void> {
  if (given === undefined) return
  const lifetimeMs = Math.min(given, rules.keyLifetimeMs ?? Infinity)
  takeForms(app)

  app.setErrorHandler(async (error, request, reply) => {
    const fault = keyFault(error, request.body)
    if (request.headers.accept?.includes('text/html') !== true) {
      sendError(reply, fault)
      return reply
    }
    request.refusal = { reason: fault.reason, status: fault.kind.status, cause: fault.cause }
    const html = await pageFor(request, fault.message).catch(() => refusedHtml(fault.message))
    return sendHtml(reply.code(fault.kind.status).headers({ ...listHeaders, ...fault.headers }), html)
  })

  app.get(ownKeysPath, { schema: hidden(), config: config('own_keys') }, async (request, reply) =>
    sendHtml(reply.headers(listHeaders), await pageFor(request)))

  app.post(ownKeysPath, { schema: hidden({ body: form }), config: config('create_own_key') }, async (request, reply) => {
    const person = personOf(request)
    refuseScripts(request)
    const store = managed(verifier)
    const key = toOwnKey(request.body as OwnKeyForm, person, { ...rules, keyLifetimeMs: lifetimeMs }, Date.now())
    const { records } = await store.page({ owner: person.userId, state: 'live', limit: keysPerPerson })
    if (records.length >= keysPerPerson) throw new KeyConflictError(`You have ${keysPerPerson} keys: revoke one that you no longer use.`)
    const issued = await store.create(key)
    sayForAudit(request, { resource: { id: issued.record.keyId, name: key.name } })
    return sendHtml(reply.code(201).headers(issuedHeaders), issuedHtml(issued))
  })

  app.post(`${ownKeysPath}/:id/revoke`, { schema: hidden(), config: config('revoke_own_key') }, async (request, reply) => {
    const person = personOf(request)
    const store = managed(verifier)
    const id = idOf(request)
    const record = await store.show(id)
    found(record !== undefined && isOf(person, record) ? record : undefined)
    await store.revoke(id, 'by its owner')
    return reply.code(303).header('location', ownKeysPath).send()
  })

  async function pageFor (request: FastifyRequest, problem?: string): Promise<string> {
    const person = personOf(request)
    return listHtml({ person, keys: await keysOf(person), lifetimeMs, problem })
  }

  async function keysOf (person: Caller): Promise<readonly KeyRecord[]> {
    const states: readonly KeyState[] = ['live', 'disabled']
    const pages = await Promise.all(states.map(async state => {
      return await managed(verifier).page({ owner: person.userId, state, limit: keysPerPerson })
    }))
    return pages.flatMap(({ records }) => records).filter(record => isOf(person, record))
  }
}

/** Whether a key is the person's. One that administers never is: whoever may choose a name at the provider could end it. */
function isOf ({ userId }: Caller, record: KeyRecord): boolean {
  return record.userId === userId && !record.scopes.has('mlflow:admin')
}

function sendHtml (reply: FastifyReply, html: string): FastifyReply {
  return reply.type('text/html; charset=utf-8').send(html)
}
