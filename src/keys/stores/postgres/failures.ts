/** What went wrong between the facade and PostgreSQL, in words that may be shown to anyone: without address, user or database. */
import { StoreUnavailableError } from '../../contract.js'

/** Milliseconds that the server gets for a statement, and the facade waits for one, or for a connection. */
export const patience = { statementMs: 2000, answerMs: 2500 } as const

/** By SQLSTATE, or the code of Node or OpenSSL. */
const meanings: Readonly<Record<string, string>> = {
  ECONNRESET: 'broke the connection',
  EPIPE: 'broke the connection',
  ECONNREFUSED: 'cannot be reached: nothing listens there',
  ENOENT: 'cannot be reached: there is no such socket',
  ENOTFOUND: 'cannot be reached: its host name is unknown',
  EAI_AGAIN: 'cannot be reached: its host name cannot be resolved',
  ERR_TLS_CERT_ALTNAME_INVALID: 'has a certificate for another name',
  CERT_HAS_EXPIRED: 'has a certificate that has expired',
  25006: 'is read-only',
  28000: 'rejects the user of KEYS_URL',
  '28P01': 'rejects the password of KEYS_URL',
  '3D000': 'does not exist: the server has none of that name',
  42501: 'denies this to the user of KEYS_URL',
  '42P01': 'has lost its tables',
  53100: 'has a full disk',
  53300: 'accepts no more connections',
  '55P03': 'is locked by another session',
  57014: `did not answer within ${patience.statementMs / 1000} s`,
  '57P01': 'is being shut down',
  '57P03': 'is starting, or being shut down'
}

/** Errors of pg itself, and of OpenSSL, whose codes are many. */
const messages: ReadonlyArray<readonly [RegExp, string]> = [
  [/timeout/i, `did not answer within ${patience.answerMs / 1000} s`],
  [/does not support SSL/i, 'does not support TLS, which sslmode requires'],
  [/certificate/i, 'has a certificate that is not accepted: see sslmode and sslrootcert of KEYS_URL'],
  [/SASL/i, 'requires a password, and KEYS_URL has none that it accepts']
]

/** Classes of SQLSTATE that say that the connection, and not the statement, is of no use. */
const connectionClasses = /^(08|28|3D|53|57P)/

interface PgError {
  /** SQLSTATE, where the server has answered; else of Node or OpenSSL, or none. */
  readonly code?: string
  readonly severity?: string
  readonly message?: string
}

/** Whether the server answered, and the statement alone failed. */
export function isAnswer (error: unknown): boolean {
  const { code = '', severity } = (error ?? {}) as PgError
  return severity !== undefined && !connectionClasses.test(code)
}

/** Whether all connections were in use (pg-pool 3.14): others got their answers meanwhile, or failed by themselves. */
export function isQueueTimeout (error: unknown): boolean {
  return (error as PgError).message === 'timeout exceeded when trying to connect'
}

/** @param error of pg, or of what it stands on; it stays behind the sentence, for the log */
export function toUnavailable (error: unknown): StoreUnavailableError {
  if (error instanceof StoreUnavailableError) return error
  return new StoreUnavailableError(`The key database ${meaningOf(error as PgError)}.`, { cause: error })
}

function meaningOf ({ code = '', severity, message = '' }: PgError): string {
  const known = meanings[code]
  if (known !== undefined) return known
  if (severity !== undefined) return /^23/.test(code) ? 'rejects the write' : `failed (SQLSTATE ${code})`
  const told = messages.find(([pattern]) => pattern.test(message))?.[1]
  return told ?? (code === '' ? 'broke the connection' : `cannot be reached (${code})`)
}
