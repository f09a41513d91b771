/** Where the body of an answer ends, and whether its connection can be used again (RFC 9112, section 6). */
import { errors } from 'undici'
import { malformed } from './characters.js'
import type { HeadReader } from './head.js'

export interface Framing {
  /** Of the body in bytes; -1: chunked, -2: the end of the connection ends it. */
  readonly length: number
  readonly isInterim: boolean
  /** Whether the connection may carry another request, and for how long of silence, in milliseconds. */
  readonly keep: boolean
  readonly keepAliveMs: number
}

/**
 * The status after which a connection is about to be closed, whatever its head says: Starlette answers what its application raised, and
 * raises again; uvicorn logs that and closes, some 30 ms after the answer (seen with MLflow 3.18). A request sent meanwhile would be lost.
 */
export const lastStatus = 500

export const chunked = -1
export const untilClose = -2

/**
 * What a head says of the rest. It is stricter than undici: what a proxy and its server could read in two ways is refused.
 * @param isHead whether HEAD was asked for
 * @throws for what frames nothing, and for answers that are none to a request of ours (100, 101)
 */
export function framingOf ({ status, minorVersion, fields }: HeadReader, isHead: boolean): Framing {
  let length = untilClose
  let keep = minorVersion === 1 && status !== lastStatus
  let keepAliveMs = Infinity
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string
    if (!lengths.has(name.length)) continue
    const value = fields[index + 1] as string
    switch (name.toLowerCase()) {
      case 'content-length':
        if (length === chunked) throw malformed('a length of what is chunked')
        if (length !== untilClose) throw new errors.ResponseContentLengthMismatchError()
        if (!/^\d{1,15}$/.test(value)) throw malformed('its length')
        length = Number(value)
        break
      case 'transfer-encoding':
        if (length !== untilClose || minorVersion === 0 || value.toLowerCase() !== 'chunked') throw malformed('its transfer coding')
        length = chunked
        break
      case 'connection':
      case 'proxy-connection': // as for llhttp
        keep &&= !value.toLowerCase().includes('close')
        break
      case 'keep-alive':
        keepAliveMs = Math.min(keepAliveMs, keepAliveOf(value))
    }
  }
  return settle(status, length, isHead, keep && keepAliveMs > 0, keepAliveMs)
}

/** Of all names above: it spares most others the rest of the look. */
const lengths = new Set(['content-length', 'transfer-encoding', 'connection', 'proxy-connection', 'keep-alive'].map(({ length }) => length))

/** @param name in lower case. @returns whether it says where a body ends, which trailers must not */
export function isFraming (name: string): boolean {
  return name === 'content-length' || name === 'transfer-encoding'
}

/** How long before the server a connection is given up, as undici does. */
const keepAliveMarginMs = 2000

function keepAliveOf (value: string): number {
  const seconds = /timeout=(\d+)/.exec(value)?.[1]
  return seconds === undefined ? Infinity : Number(seconds) * 1000 - keepAliveMarginMs
}

function settle (status: number, length: number, isHead: boolean, keep: boolean, keepAliveMs: number): Framing {
  if (status === 100 || status === 101) throw new errors.SocketError(status === 100 ? 'bad response' : 'bad upgrade')
  const isInterim = status > 101 && status < 200
  if (isInterim && !keep) throw malformed('an interim answer that ends the connection')
  const hasNoBody = isHead || isInterim || status === 204 || status === 304
  if (!hasNoBody) return { length, isInterim, keep: keep && length !== untilClose, keepAliveMs }
  const announced = length > 0 || length === chunked
  if (announced && (isInterim || status === 204)) throw new errors.ResponseContentLengthMismatchError()
  // A server that errs about what has no body sends one.
  return { length: 0, isInterim, keep: keep && !announced && !isHead, keepAliveMs }
}
