/** The log: a line of JSON for each record, written to standard output in blocks. */
import { pino, type Logger } from 'pino'
import { openSink, type Sink } from './sink.js'

export interface Log extends Pick<Sink, 'flush' | 'drain' | 'dropped'> {
  readonly log: Logger
}

/**
 * Lines are gathered by a sink of ours and not in pino's destination: that one measures all it holds anew for each line, which
 * costs more than making the line (12 us of 16; sonic-boom 4.2.1), and its `flushSync` repeats for ever on a full disk.
 * @param fd where it goes, standard output unless told otherwise
 * @param sharer one of several processes that write there; the number of a worker stands in each of its lines
 */
export function openLog (level: string, fd: number = 1, sharer?: { readonly worker?: number }): Log {
  const { write, flush, drain, dropped } = openSink(fd, lost =>
    log.error({ lines: lost }, 'log lines were dropped: the output was full, or nobody read it'),
  sharer !== undefined)
  const base = sharer?.worker === undefined ? null : { worker: sharer.worker }
  const log = pino({ level, base, timestamp: isoTime(), formatters: { level: label => ({ level: label }) } }, {
    write,
    flushSync: flush
  } as pino.DestinationStream)
  return { log, flush, drain, dropped }
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
