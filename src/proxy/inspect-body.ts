/** Operations whose body decides what they may do: it is read whole, judged as MLflow will read it, and sent as judged. */
import type { IncomingMessage } from 'node:http'
import { allows, type AccessClass, type Scope } from '../access/scopes.js'
import { FacadeError } from '../core/errors.js'
import type { Handling } from '../access/classes.js'
import { bodyTooLarge, gather } from './request-body.js'
import { boundsGraphql, type Layout } from '../mlflow/layout.js'
import { namesSchedule } from '../access/issue-schedule.js'
import { graphqlMaxBytes, judgeGraphql, type GraphqlVerdict } from '../access/graphql.js'

/** A presigned link works without a key, so it outlives a revocation: not for long. */
const presignedMaxSeconds = 300
/** A version of a prompt holds its text, up to 100,000 characters (MLflow 3.17.2), which escapes make longer. */
const messageMaxBytes = 1024 * 1024

/** How the body is judged; `message`: by what the caller of `inspectBody` finds in it. */
export type Inspection = Exclude<Handling, 'facade'> | 'message'

/** What is sent, and the class that it asks for, where that is in the body. */
interface Inspected {
  readonly body: Buffer
  readonly class?: AccessClass
}

/**
 * Reads and judges the body of such an operation.
 * @param bodyMaxBytes bound of every body that is no artifact; this one has a lower one at most
 * @throws FacadeError 400, 403, 413; CutUploadError
 */
export async function inspectBody (
  request: IncomingMessage,
  inspection: Inspection,
  granted: ReadonlySet<Scope>,
  layout: Layout,
  bodyMaxBytes: number
): Promise<Inspected> {
  const maxBytes = inspection === 'message' ? messageMaxBytes : graphqlMaxBytes
  const body = bodyMaxBytes < maxBytes
    ? await gather(request, bodyMaxBytes, () => bodyTooLarge(bodyMaxBytes))
    : await gather(request, maxBytes)
  switch (inspection) {
    case 'message':
      return { body }
    case 'presigned':
      return { body: capExpiry(body) }
    case 'schedule':
      return { body: checkSchedule(body, granted) }
    case 'graphql':
      return judgedGraphql(body, judgeGraphql(body, request.headers['content-encoding'], boundsGraphql(layout)), granted)
  }
}

function checkSchedule (body: Buffer, granted: ReadonlySet<Scope>): Buffer {
  if (!allows(granted, 'admin') && namesSchedule(body)) {
    throw new FacadeError('forbidden', {
      message:
        'Scheduled issue detection makes MLflow call models with its stored secrets: setting its tags needs the scope mlflow:admin, which the API key does not have.',
      reason: 'scope'
    })
  }
  return body
}

function judgedGraphql (body: Buffer, verdict: GraphqlVerdict, granted: ReadonlySet<Scope>): Inspected {
  if ('refused' in verdict) throw new FacadeError('badRequest', { message: verdict.refused, reason: 'graphql' })
  if (!allows(granted, verdict.class)) {
    throw new FacadeError('forbidden', {
      message: `This GraphQL operation needs the scope mlflow:${verdict.class}, which the API key does not have.`,
      reason: 'scope'
    })
  }
  return { body, class: verdict.class }
}

/**
 * The request with its `expiration` (seconds) at most at the bound; MLflow signs for up to 7 days, and without one for
 * as long as its own setting says.
 * @throws FacadeError 400 for what is no JSON object, or one nested so deep (some thousand levels) that it cannot be written again
 */
export function capExpiry (body: Buffer): Buffer {
  try {
    const message = readObject(body)
    const asked = Number(message.expiration ?? presignedMaxSeconds)
    // Written anew even when it is short: what was judged is then what MLflow reads, whatever the body held twice. And as an integer: where
    // protobuf cannot read what stands there (`true`, 1.5, " 60"), MLflow goes on with a default of 15 minutes.
    const expiration = Number.isSafeInteger(asked) ? Math.min(asked, presignedMaxSeconds) : presignedMaxSeconds
    return Buffer.from(JSON.stringify({ ...message, expiration }))
  } catch { // without its cause: that of the parser quotes the body
    throw new FacadeError('badRequest', { message: 'The body must be a JSON object that is not deeply nested.', reason: 'malformed' })
  }
}

/** MLflow also takes JSON that is wrapped in a JSON string (handlers.py, for old clients). */
function readObject (body: Buffer): Record<string, unknown> {
  const once: unknown = JSON.parse(body.toString('utf8'))
  const message: unknown = typeof once === 'string' ? JSON.parse(once) : once
  if (typeof message !== 'object' || message === null || Array.isArray(message)) throw new TypeError('not an object')
  return message as Record<string, unknown>
}
