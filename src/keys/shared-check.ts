/** Asks whether a store can answer, at most once a second: watchers of ours must not flood it. */

const everyMs = 1000

/** Those who ask within a second share an answer, or its failure. @param now the clock, milliseconds since 1970 */
export function shareCheck (ask: () => Promise<void>, now: () => number): () => Promise<void> {
  let last: { readonly at: number, readonly result: Promise<void> } | undefined
  return () => {
    if (last === undefined || Math.abs(now() - last.at) >= everyMs) last = { at: now(), result: ask() }
    return last.result
  }
}
