/** Reads what is asked, from a command or a body, or says in a sentence what cannot be asked. */
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { UserError } from '../core/user-error.js'
import type { KeyRecord, Verdict } from '../keys/contract.js'
import { stateOf } from '../keys/records.js'
import type { Question } from './rehearsal.js'

/** As long as a request's head may be. */
export const targetMaxLength = 80 * 1024

/** Wrong input; the message is a whole sentence. */
export class QuestionError extends UserError {
  override readonly exitCode = 2
  override readonly name = 'QuestionError'
}

/** What says who calls, or how long the body is, is said by the question itself. */
const notAsked = /^(?:host|connection|content-length|transfer-encoding|expect|upgrade|te|trailer|authorization|cookie|x-api-key|api-key|x-goog-api-key)$/i

interface Given {
  readonly method: string
  readonly path: string
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: Buffer | undefined
}

/** @param record of the key that the request would come with. @throws QuestionError */
export function toQuestion ({ method, path, headers, body }: Given, record: KeyRecord | undefined, now: number): Question {
  for (const [name, value] of headers) checkHeader(name, value)
  const verdict = record === undefined ? undefined : verdictOn(record, now)
  return { method: methodOf(method), target: targetOf(path), headers, body, verdict }
}

function methodOf (given: string): string {
  if (!/^[A-Z]{1,20}$/.test(given) || given === 'CONNECT') throw new QuestionError(`"${given.slice(0, 40)}" is not a method such as GET or POST.`)
  return given
}

/** The target in what is given: a path, or the URL that somebody calls. */
function targetOf (given: string): string {
  const path = given.replace(/^https?:\/\/[^/?#]*/i, '')
  const target = path.startsWith('/') ? path : path === '' || path.startsWith('?') ? `/${path}` : undefined
  if (target === undefined) throw new QuestionError('The path must begin with a slash, or be a whole URL.')
  if (/[\s\p{Cc}]/u.test(target)) throw new QuestionError('The path must be as it is sent: without spaces and control characters.')
  if (Buffer.byteLength(target) > targetMaxLength) throw new QuestionError(`The path must have at most ${targetMaxLength / 1024} KiB.`)
  return target
}

function checkHeader (name: string, value: string): void {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
  } catch {
    throw new QuestionError(`The header "${name.slice(0, 40)}" cannot be sent.`)
  }
  if (notAsked.test(name)) throw new QuestionError(`The header "${name}" is none to ask about: the key is named by its id, and the rest follows from the request.`)
}

/** What a store would say of a key that is known by its record. */
function verdictOn (record: KeyRecord, now: number): Verdict {
  const state = stateOf(record, now)
  return state === 'live' ? { valid: true, caller: record } : { valid: false, reason: state, caller: record }
}
