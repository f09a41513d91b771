/** Whether one client is as strict as another. */
import type { Verdict } from './judges.js'

/** `same`, or `stricter`: an error or a connection not used again, where the other goes on; all else is a fault of ours. */
export type Comparison = 'same' | 'stricter' | { readonly fault: string }

/** @param theirs undici's */
export function compare (theirs: Verdict, ours: Verdict): Comparison {
  const fault = (text: string): Comparison => ({ fault: text })
  if (ours.outcome === undefined) return fault('there is no verdict')
  if (ours.outcome === 'complete' && theirs.outcome !== 'complete') return fault('taken, where undici has an error')
  if (ours.status !== 0 && theirs.status !== 0) {
    if (ours.status !== theirs.status) return fault('another status')
    if (flat(ours) !== flat(theirs)) return fault('other headers')
  }
  const [shorter, longer] = ours.body.length < theirs.body.length ? [ours.body, theirs.body] : [theirs.body, ours.body]
  if (!longer.startsWith(shorter)) return fault('another body')
  if (ours.outcome === 'complete') {
    if (longer.length !== shorter.length) return fault('another length of the body')
    if (ours.reused && !theirs.reused) return fault('the connection is used again, where undici ends it')
    return ours.reused === theirs.reused ? 'same' : 'stricter'
  }
  return theirs.outcome === 'error' ? 'same' : 'stricter'
}

/** Blanks at the end of a value are no part of it (RFC 9112, section 5.1); llhttp leaves them there. */
function flat ({ fields }: Verdict): string {
  return fields.map(part => part.replace(/[ \t]+$/, '')).join('\n')
}
