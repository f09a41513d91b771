/** Says when a caller takes more of an answer. */
import type { ServerResponse } from 'node:http'

export interface Source {
  /** More may come. */
  goOn: () => void
}

const sources = new WeakMap<ServerResponse, Source>()

export function followDrain (response: ServerResponse, source: Source): void {
  sources.set(response, source)
  response.on('drain', onDrain)
}

export function unfollowDrain (response: ServerResponse): void {
  response.off('drain', onDrain)
}

/**
 * Not within the event: Node also calls an answer drained while a later one of the same connection is written, which happens within
 * undici's parser; that must not be entered twice, and would give up the later answer halfway.
 */
function onDrain (this: ServerResponse): void {
  setImmediate(goOn, sources.get(this))
}

function goOn (source: Source | undefined): void {
  source?.goOn()
}
