/** The log: a line of JSON for each record, or one for people at a terminal, written to standard output in blocks. */
import { isatty } from 'node:tty'
import { pino, type Logger } from 'pino'
import { prettyLine } from './pretty.js'
import { openSink, type Sink } from './sink.js'

export interface Log extends Pick<Sink, 'flush' | 'drain' | 'dropped'> {
  readonly log: Logger
  /** Writes a line of JSON that is no record of the log's, in its order. @returns whether there was room */
  readonly write: Sink['write']
}

export interface LogConfig {
  readonly logLevel: string
  /** `auto`: for people on a terminal, else JSON, as where nothing is said. */
  readonly logFormat?: 'auto' | 'json' | 'pretty'
}

/**
 * Lines are gathered by a sink of ours and not in pino's destination: that one measures all it holds anew for each line, which
 * costs more than making the line (12 us of 16; sonic-boom 4.2.1), and its `flushSync` repeats for ever on a full disk.
 * @param fd where it goes, standard output unless told otherwise
 * @param sharer one of several processes that write there; the number of a worker stands in each of its lines
 */
export function openLog (
  { logLevel: level, logFormat = 'json' }: LogConfig,
  fd: number = 1,
  sharer?: { readonly worker?: number }
): Log {
  const sink = openSink(fd, lost =>
    log.error({ lines: lost }, 'log lines were dropped: the output was full, or nobody read it'),
  sharer !== undefined)
  const { flush, drain, dropped } = sink
  const isTerminal = isatty(fd)
  const write = logFormat === 'pretty' || (logFormat === 'auto' && isTerminal)
    ? prettyWriter(sink.write, level, isTerminal && (process.env['NO_COLOR'] ?? '') === '')
    : sink.write
  const base = sharer?.worker === undefined ? null : { worker: sharer.worker }
  const log = pino({ level, base, timestamp: isoTime(), formatters: { level: label => ({ level: label }) } }, {
    write,
    flushSync: flush
  } as pino.DestinationStream)
  return { log, write, flush, drain, dropped }
}

function prettyWriter (write: Sink['write'], level: string, colour: boolean): Sink['write'] {
  const taste = { colour, showsProbes: level === 'debug' || level === 'trace' }
  return line => {
    const text = prettyLine(line, taste)
    return text === undefined || write(text)
  }
}

/** pino's own makes a date for every line, which is a fiftieth of all work; several lines fall into one millisecond. */
function isoTime (): () => string {
  let at = NaN
  let text = ''
  return () => {
    const now = Date.now()
    if (now !== at) {
      at = now
      text = `,"time":"${new Date(now).toISOString()}"`
    }
    return text
  }
}
