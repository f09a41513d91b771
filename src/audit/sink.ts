/** Where events are kept. */
import type { AuditEvent } from './event.js'

export interface AuditSink {
  /** Takes an event with its line, at once, and writes it later. @returns false where there is no room: then it is lost */
  readonly take: (event: AuditEvent, line: string) => boolean
  /** Writes what it holds, for a few seconds at most. Never fails. */
  readonly close: () => Promise<void>
}

/** What a sink tells of itself, once each time: why it cannot write, or (undefined) that it can again. */
export type OnProblem = (problem: Error | undefined) => void

/** How long the end of a process waits for a sink. */
export const closeMaxMs = 2000
/** After how long a sink that failed is tried again. */
export const retryMs = 1000

/** Calls a listener only when it changes whether there is a problem. */
export function onChange (tell: OnProblem): OnProblem {
  let failing = false
  return problem => {
    if (failing === (problem !== undefined)) return
    failing = problem !== undefined
    tell(problem)
  }
}
