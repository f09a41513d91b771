/** What of a request reaches MLflow, and what we say of it there. Repeated headers and their order survive. */
import { mount } from '../../core/public-paths.js'
import { identityHeader } from '../../mlflow/signed-identity.js'
import type { RequestHead } from '../../http/connection/request-head.js'
import { traceIdOf } from '../../http/trace-id.js'

/** What we say of a request to MLflow. */
export interface Identity {
  readonly host: string
  readonly authorization: string | undefined
  /** The same as follows, so that MLflow can believe it; undefined: it is not signed. */
  readonly signed: string | undefined
  readonly requestId: string
  /** Of the span of the call to MLflow; undefined: the facade makes no spans. */
  readonly traceparent: string | undefined
  /** It is a UUID of ours; one that a load balancer gave may have any form. */
  readonly hasOwnRequestId: boolean
  /** Undefined where the operation needs no key. */
  readonly userId: string | undefined
  readonly keyId: string | undefined
  readonly workspace: string | undefined
  /** The caller's origin, where it is not ours. */
  readonly origin: string | undefined
  readonly clientAddress: string
  readonly publicProtocol: string
  readonly publicHost: string
}

/** The headers of the request to MLflow, in undici's flat form. */
export function outgoing (head: RequestHead, identity: Identity): string[] {
  const headers = needed(head, identity, identity.traceparent)
  headers.push(
    'x-request-id',
    identity.requestId,
    'x-forwarded-for',
    identity.clientAddress,
    'x-forwarded-proto',
    identity.publicProtocol,
    'x-forwarded-prefix',
    mount
  )
  if (identity.publicHost !== '') headers.push('x-forwarded-host', identity.publicHost)
  if (head.traceparent === undefined && identity.traceparent === undefined) {
    headers.push('traceparent', traceOf(identity.requestId, identity.hasOwnRequestId))
  }
  if (identity.authorization !== undefined) headers.push('authorization', identity.authorization)
  if (identity.signed !== undefined) headers.push(identityHeader, identity.signed)
  if (identity.userId !== undefined) headers.push('x-hokusai-user-id', headerText(identity.userId))
  if (identity.keyId !== undefined) headers.push('x-hokusai-api-key-id', headerText(identity.keyId))
  return headers
}

/**
 * The headers of a request to MLflow's LLM gateway, which hands what it gets on to the provider of the model (its
 * passthrough and proxy routes, 3.9 to 3.18): so it is not told who calls, from where, by which id. Our own credentials
 * go into the header that MLflow takes off before the provider, or nowhere.
 * @param hidesCredentials whether this MLflow has that header
 */
export function outgoingToGateway (head: RequestHead, identity: Identity, hidesCredentials: boolean): string[] {
  const headers = needed(head, identity)
  if (identity.authorization !== undefined && hidesCredentials) headers.push('x-mlflow-authorization', identity.authorization)
  return headers
}

/**
 * What the caller sent, and without which MLflow could not answer.
 * @param traceparent in place of the caller's
 */
function needed (head: RequestHead, identity: Identity, traceparent: string | undefined = head.traceparent): string[] {
  const headers = [...head.pass]
  headers.push('host', identity.host)
  if (head.contentLength !== undefined) headers.push('content-length', head.contentLength)
  if (traceparent !== undefined) headers.push('traceparent', traceparent)
  if (head.traceparent !== undefined) {
    for (const state of head.tracestate) headers.push('tracestate', state)
  }
  if (identity.workspace !== undefined) headers.push('x-mlflow-workspace', identity.workspace)
  if (identity.origin !== undefined) headers.push('origin', identity.origin)
  return headers
}

/** A trace of our own, not sampled. */
function traceOf (requestId: string, isUuid: boolean): string {
  const id = traceIdOf(requestId, isUuid)
  return `00-${id}-${id.slice(16)}-00`
}

/** An id of another system as a header value: what cannot stand there is percent-encoded. */
function headerText (id: string): string {
  return /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(id) ? id : encodeURIComponent(id)
}
