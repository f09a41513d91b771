/** The end of a process that a test has started. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'

/** Ends it by a signal, unless it has ended already; resolves when it has. */
export async function endBy (signal: NodeJS.Signals, child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill(signal)
  await ended
}
