/** One log line a request, when it has ended; one a second for those that come in floods. */
import type { Logger } from 'pino'
import { guessing } from '../keys/guesses.js'
import { callerLeft, type RequestRecord } from '../http/records.js'
import { collapse } from './flood.js'

export interface RequestLog {
  readonly write: (record: RequestRecord) => void
  /** Writes the lines that wait. */
  readonly close: () => void
}

export function openRequestLog (log: Logger): RequestLog {
  const flood = collapse(log)
  return {
    write (record) {
      if (record.refusal === guessing) flood.note(record)
      else writeLine(log, record)
    },
    close: flood.flush
  }
}

function writeLine (log: Logger, record: RequestRecord): void {
  const { failure, status, protocolError } = record
  const line = lineOf(record)
  if (protocolError !== undefined) log.info({ ...line, error: protocolError }, 'request')
  else if (failure === undefined || status === callerLeft) log.info(line, 'request')
  else log[status >= 500 ? 'error' : 'warn']({ ...line, error: describeFailure(failure) }, 'request')
}

function lineOf (record: RequestRecord): Record<string, unknown> {
  const { durationMs, upstreamMs, caller } = record
  return {
    request_id: record.requestId,
    operation: record.operation,
    method: record.method,
    status: record.status,
    ms: durationMs === undefined ? undefined : tenths(durationMs),
    upstream_ms: upstreamMs === undefined ? undefined : tenths(upstreamMs),
    bytes_in: record.bytesIn,
    bytes_out: record.bytesOut,
    key: caller?.hint,
    key_id: caller?.keyId,
    user: caller?.userId,
    address: record.address,
    client: record.client,
    legacy: record.onOldPath ? true : undefined,
    refusal: record.refusal
  }
}

function tenths (ms: number): number {
  return Math.round(ms * 10) / 10
}

/** Text of a failure for the log: its chain of causes, with addresses, but nothing of the request. */
export function describeFailure (failure: unknown): string {
  const parts: string[] = []
  for (let error = failure; error instanceof Error && parts.length < 5; error = error.cause) {
    parts.push(`${(error as NodeJS.ErrnoException).code ?? error.name}: ${error.message}`)
  }
  const stack = failure instanceof TypeError || failure instanceof RangeError ? `\n${failure.stack ?? ''}` : ''
  return parts.join(' <- ') + stack
}
