/** One log line a request, when it has ended; one a second for those that come in floods. */
import { symbols, type Logger } from 'pino'
import { FacadeError } from '../core/errors.js'
import { reasons } from '../core/reasons.js'
import type { Caller } from '../keys/contract.js'
import { guessing } from '../keys/guesses.js'
import { callerLeft, type RequestRecord } from '../http/records.js'
import { collapse } from './flood.js'

/** What pino makes its lines of, under symbols that it publishes (`pino.symbols`). */
interface PinoParts {
  /** The beginning of a line, by level. */
  readonly levels: Readonly<Record<number, string>> | undefined
  readonly stream: { readonly write: (line: string) => void } | undefined
  readonly time: (() => string) | undefined
  /** What stands in each line. */
  readonly bindings: string | undefined
}

function partsOf (log: Logger): PinoParts {
  const { lsCacheSym, streamSym, timeSym, chindingsSym } = symbols as unknown as Readonly<Record<string, symbol>>
  const part = (symbol: symbol | undefined): unknown => (log as unknown as Readonly<Record<symbol, unknown>>)[symbol ?? Symbol('none')]
  return { levels: part(lsCacheSym), stream: part(streamSym), time: part(timeSym), bindings: part(chindingsSym) } as PinoParts
}

export interface RequestLog {
  readonly write: (record: RequestRecord) => void
  /** Writes the lines that wait. */
  readonly close: () => void
}

export function openRequestLog (log: Logger): RequestLog {
  const flood = collapse(log)
  const writeLine = lineWriter(log)
  return {
    write (record) {
      const { failure, status, protocolError } = record
      if (record.refusal === guessing) flood.note(record)
      else if (protocolError !== undefined) log.info({ ...fieldsOf(record), error: protocolError }, 'request')
      else if (failure === undefined || status === callerLeft) writeLine(record)
      else log[status >= 500 ? 'error' : 'warn']({ ...fieldsOf(record), error: describeFailure(failure) }, 'request')
    },
    close: flood.flush
  }
}

/**
 * Writes the line of a request without failure: the text that pino would make of its fields, made by hand. Every field is a
 * number or a text of ours that needs no escape, but for what is said of the caller, which is made once for each key. Making an
 * object and having it turned into JSON took a quarter of the time of a small request.
 */
function lineWriter (log: Logger): (record: RequestRecord) => void {
  const { levels, stream, time, bindings } = partsOf(log)
  if (levels === undefined || stream === undefined || time === undefined || bindings === undefined) return record => log.info(fieldsOf(record), 'request') // a pino that has other parts
  const begin = levels[log.levels.values.info ?? 0] ?? ''
  return record => {
    if (log.isLevelEnabled('info')) stream.write(`${begin}${time()}${bindings}${textOf(record)},"msg":"request"}\n`)
  }
}

const callerTexts = new WeakMap<Caller, string>()

function textOf (record: RequestRecord): string {
  const { durationMs, upstreamMs, bytesIn, bytesOut, caller } = record
  let text = `,"request_id":"${record.requestId}","operation":"${record.operation}"`
  if (record.traceId !== undefined) text += `,"trace_id":"${record.traceId}"`
  if (record.method !== undefined) text += `,"method":"${record.method}"`
  text += `,"status":${record.status}`
  if (durationMs !== undefined) text += `,"ms":${tenths(durationMs)}`
  if (upstreamMs !== undefined) text += `,"upstream_ms":${tenths(upstreamMs)}`
  if (bytesIn !== undefined) text += `,"bytes_in":${bytesIn}`
  if (bytesOut !== undefined) text += `,"bytes_out":${bytesOut}`
  if (caller !== undefined) text += textOfCaller(caller)
  text += `,"address":"${record.address}","client":"${record.client}"`
  if (record.onOldPath) text += ',"legacy":true'
  return record.refusal === undefined ? text : `${text},"refusal":"${record.refusal}"`
}

function textOfCaller (caller: Caller): string {
  let text = callerTexts.get(caller)
  if (text === undefined) {
    text = `,"key":${JSON.stringify(caller.hint)},"key_id":${JSON.stringify(caller.keyId)},"user":${JSON.stringify(caller.userId)}`
    if (caller.session === true) text += ',"session":true'
    callerTexts.set(caller, text)
  }
  return text
}

function fieldsOf (record: RequestRecord): Record<string, unknown> {
  return JSON.parse(`{${textOf(record).slice(1)}}`) as Record<string, unknown>
}

function tenths (ms: number): number {
  return Math.round(ms * 10) / 10
}

/** Text of a failure for the log: its chain of causes, with addresses, but nothing of the request. */
export function describeFailure (failure: unknown): string {
  const parts: string[] = []
  for (let error = failure; error instanceof Error && parts.length < 5; error = error.cause) {
    // What a key may not touch is named in its message, as the caller wrote it
    const text = error instanceof FacadeError && error.reason === 'permission' ? reasons.permission : error.message
    parts.push(`${(error as NodeJS.ErrnoException).code ?? error.name}: ${text}`)
  }
  const stack = failure instanceof TypeError || failure instanceof RangeError ? `\n${failure.stack ?? ''}` : ''
  return parts.join(' <- ') + stack
}
