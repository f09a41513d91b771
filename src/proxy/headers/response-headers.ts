/** What of MLflow's answer reaches the caller. Repeated headers and their order survive. */
import { hopByHop, withoutNamed } from '../../http/connection/request-head.js'
import type { RawHeaders } from '../../mlflow/pooled.js'

const withheld = new Set([...hopByHop, 'x-request-id', 'set-cookie'])

/**
 * What of an answer belongs to one hop; cookies, which would land on our origin; and the request id, which is ours. So
 * is what pages of other origins may do: MLflow would let those of localhost in, with cookies.
 */
function isWithheld (name: string): boolean {
  return withheld.has(name) || name.startsWith('access-control-')
}

/** MLflow's answer as the caller gets it. */
export interface AnswerHead {
  /** Name, value, name, value. */
  readonly headers: string[]
  /** Value of Content-Length, or -1 where there is none. */
  readonly length: number
  readonly contentType: string | undefined
}

/**
 * Reads the raw headers of MLflow's answer (a flat list).
 * @param location maps a Location of MLflow to a public one
 * @param isHeld whether a header, by its name in lower case, does not pass
 */
export function incoming (
  raw: RawHeaders,
  location: (value: string) => string,
  isHeld: (name: string) => boolean = isWithheld
): AnswerHead {
  const headers: string[] = []
  let length = -1
  let contentType: string | undefined
  const connection: string[] = []
  for (let index = 0; index < raw.length; index += 2) {
    const name = textOf(raw[index])
    const value = textOf(raw[index + 1])
    const lower = name.toLowerCase()
    if (lower === 'connection') connection.push(value)
    if (isHeld(lower)) continue
    if (lower === 'content-length') length = Number(value)
    else if (lower === 'content-type') contentType = value
    headers.push(name, lower === 'location' ? location(value) : value)
  }
  return { headers: connection.length === 0 ? headers : withoutNamed(headers, connection), length, contentType }
}

function textOf (part: Buffer | string | undefined): string {
  return typeof part === 'string' ? part : part?.toString('latin1') ?? ''
}
