/**
 * Keeps memory flat while bytes stream through. Each read of a socket makes a buffer of 64 KiB outside of V8's heap, of which V8
 * sees next to nothing: left alone it lets 40 to 60 MiB of them lie before it collects (Node 20 to 24). A collection of the young
 * objects alone takes about a millisecond.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** So much passes between two collections. */
const everyBytes = 8 * 2 ** 20

let passed = 0
let collect: ((options: { type: 'minor' }) => void) | undefined

/** Counts bytes that were handed on, and collects when it is time. */
export function handedOn (bytes: number): void {
  passed += bytes
  if (passed < everyBytes) return
  passed = 0
  collect ??= collector()
  collect({ type: 'minor' })
}

/** V8's own function; it is there for contexts that are made while the flag is set. */
function collector (): (options: { type: 'minor' }) => void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (options: { type: 'minor' }) => void
  setFlagsFromString('--no-expose-gc')
  return gc
}
