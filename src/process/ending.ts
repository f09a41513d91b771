/** How a facade ends without losing what is under way. */
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'
import type { Io } from '../core/io.js'
import type { Config } from '../core/settings/config.js'

/** Why it ends, as close-with-grace says it. */
export interface EndCause {
  readonly signal?: string | undefined
  readonly err?: Error | undefined
}

/** How long the end may take from its signal: what is set, and what MLflow of our own and the log need after it. */
export function endMaxMs ({ shutdownDelayMs, shutdownGraceMs }: Config): number {
  return shutdownDelayMs + shutdownGraceMs + 20_000
}

/** Tells the log and the terminal that the end has begun. */
export function tellOfEnd ({ signal, err }: EndCause, io: Io, log: Logger): void {
  if (err !== undefined) log.fatal({ error: err.stack }, 'the process failed')
  log.info({ signal }, 'shutting down')
  if (io.stderr.isTTY === true) io.stderr.write('Shutting down: running requests may finish. Press again to stop at once.\n')
}

/** Refuses new connections, waits for what is running, and cuts what is left after the grace. */
export async function close (app: FastifyInstance, config: Config, log: Logger): Promise<void> {
  const cut = setTimeout(() => {
    log.warn('the grace is over: what still runs is cut')
    app.connections.closeAll()
  }, config.shutdownGraceMs)
  // Closing ends the connections that are idle now; those whose request finishes later would else be kept for the whole grace.
  const sweep = setInterval(() => {
    if (app.server.listening) return
    app.connections.closeIdle()
  }, 50)
  await app.close()
  clearInterval(sweep)
  clearTimeout(cut)
}
