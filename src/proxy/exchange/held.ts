/**
 * Answers whose head waits for a small body, so that both go out in one write: nearly always the body comes with it,
 * and else not for long.
 */

/** Long enough for a body in a packet of its own, short enough to be noticed by nobody. */
const heldMs = 25

export interface Held {
  /** When its head came, in milliseconds of the monotonic clock. */
  readonly firstByteAt: number
  /** Still waits for its body. */
  readonly holding: boolean
  /** Lets the head out, and what is there. */
  letOut: () => void
}

// Those of this turn of the event loop, which nearly all end within it: a timer or a place in a list for each would
// cost more than the rest.
const fresh: Held[] = []
let late: Held[] = []
let timer: NodeJS.Timeout | undefined

/** Lets an answer out that is not whole in time. */
export function hold (answer: Held): void {
  if (fresh.push(answer) === 1) setImmediate(look)
}

function look (): void {
  for (const answer of fresh) if (answer.holding) late.push(answer)
  fresh.length = 0
  if (late.length > 0) timer ??= setTimeout(letOut, heldMs - (performance.now() - (late[0]?.firstByteAt ?? 0)))
}

function letOut (): void {
  timer = undefined
  const now = performance.now()
  const waiting = late.filter(({ holding }) => holding)
  late = waiting.filter(({ firstByteAt }) => now - firstByteAt < heldMs - 1) // a timer may come a little early
  for (const answer of waiting) if (!late.includes(answer)) answer.letOut()
  look()
}
