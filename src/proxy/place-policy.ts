/** Refuses messages that name a place outside of the settings POLICY_…, whoever sends them. */
import type { FastifyRequest } from 'fastify'
import { AmbiguousMessageError, placesIn, readMessage, type NamedPlace, type PlaceKind, type PlaceRules } from '../access/places.js'
import { FacadeError } from '../core/errors.js'
import { placeOf } from '../core/settings/uri-rules.js'
import { sayForAudit } from '../http/audited.js'

const kinds: Readonly<Record<PlaceKind, { readonly what: string, readonly setting: string }>> = {
  modelSources: { what: 'source of a model version', setting: 'POLICY_MODEL_SOURCES' },
  artifactLocations: { what: 'location of artifacts', setting: 'POLICY_ARTIFACT_LOCATIONS' },
  webhookUrls: { what: 'URL of a webhook', setting: 'POLICY_WEBHOOK_URLS' }
}

/** So many beginnings are named in a refusal. */
const namedMax = 10

/** @throws FacadeError 400 where it cannot be told which place MLflow will read, 403 */
export function checkPlaces (request: FastifyRequest, operationId: string, { kind, rules }: PlaceRules, body: Buffer): void {
  const refused = placesOf(operationId, body).find(({ uri }) => !rules.cover(uri))
  if (refused === undefined) return
  // Not the whole of it: a path or a query may hold what is secret
  sayForAudit(request, { resource: { [refused.field]: placeOf(refused.uri) ?? 'unreadable' } })
  const { what, setting } = kinds[kind]
  const allowed = rules.texts.length === 0 ? 'none is' : `allowed are ${rules.texts.slice(0, namedMax).join(', ')}${rules.texts.length > namedMax ? ' and others' : ''}`
  throw new FacadeError('forbidden', {
    message: `This ${what} (${refused.field}) is not allowed here: ${allowed} (${setting}). Dot segments and what is encoded twice never are.`,
    reason: 'policy'
  })
}

function placesOf (operationId: string, body: Buffer): readonly NamedPlace[] {
  try {
    return placesIn(operationId, readMessage(body))
  } catch (error) {
    if (error instanceof AmbiguousMessageError) throw new FacadeError('badRequest', { message: error.message, reason: 'malformed' })
    throw error
  }
}
