/** Lists of patterns as automata, built while they are walked: a state is what may still be left of the patterns. */
import type { Budget } from './budget.js'
import { everything, headOf, isDone, isRegex, namedBy, steps, type Glob } from './pattern.js'

/** Equal states are the same object. */
export interface State {
  readonly id: number
  /** Whether the text may end here. */
  readonly accepts: boolean
  /** No text that follows is matched. */
  readonly isDead: boolean
  /** Every text that follows is matched. */
  readonly isEverything: boolean
  /** The characters that the patterns name next; all others lead to one and the same state. */
  readonly heads: ReadonlySet<string>
  readonly step: (char: string) => State
  /** What is left without patterns that the other state matches as well. */
  readonly without: (other: State) => State
  readonly globs: readonly Glob[]
}

export interface Automata {
  /** The state in which nothing has been read yet. */
  readonly start: (globs: readonly Glob[]) => State
}

/** What is left of a regular expression takes longer to find than what is left of a pattern with wildcards, and there is more of it. */
const regexSteps = 40

export function createAutomata (budget: Budget): Automata {
  const states = new Map<string, State>()
  const starts = new WeakMap<readonly Glob[], State>()

  function start (globs: readonly Glob[]): State {
    const known = starts.get(globs) ?? stateOf(new Set(globs))
    starts.set(globs, known)
    return known
  }

  function stateOf (globs: ReadonlySet<Glob>): State {
    const list = undominated(globs).sort()
    const key = [list.length, ...list].join('\u0003')
    const known = states.get(key)
    if (known !== undefined) return known
    budget.spend(list.reduce((sum, glob) => sum + (isRegex(glob) ? regexSteps : 1), 0))
    const state = createState(states.size, list, stateOf)
    states.set(key, state)
    return state
  }

  return { start }
}

function createState (id: number, globs: readonly Glob[], stateOf: (globs: ReadonlySet<Glob>) => State): State {
  const steps = new Map<string, State>()
  const rests = new Map<State, State>()
  const heads = new Set(globs.flatMap(glob => namedBy(glob).split('')))

  function step (char: string): State {
    const name = heads.has(char) ? char : ''
    const known = steps.get(name)
    if (known !== undefined) return known
    const next = stateOf(advanced(globs, char))
    steps.set(name, next)
    return next
  }

  function without (other: State): State {
    const known = rests.get(other)
    if (known !== undefined) return known
    const starred = other.globs.filter(glob => headOf(glob).startsWithStar)
    const left = globs.filter(glob => !other.globs.includes(glob) && !isDominated(glob, starred))
    const rest = left.length === globs.length ? state : stateOf(new Set(left))
    rests.set(other, rest)
    return rest
  }

  const state: State = {
    id,
    accepts: globs.some(isDone),
    isDead: globs.length === 0,
    isEverything: globs.includes(everything),
    heads,
    step,
    without,
    globs
  }
  return state
}

function advanced (globs: readonly Glob[], char: string): ReadonlySet<Glob> {
  const next = new Set<Glob>()
  for (const glob of globs) for (const rest of steps(glob, char)) next.add(rest)
  return next
}

/** Without the patterns that end in one that begins with a star: whatever they match, it matches. */
function undominated (globs: ReadonlySet<Glob>): Glob[] {
  if (globs.has(everything)) return [everything]
  const starred = [...globs].filter(glob => headOf(glob).startsWithStar)
  return [...globs].filter(glob => !isDominated(glob, starred))
}

function isDominated (glob: Glob, starred: readonly Glob[]): boolean {
  return starred.some(other => other.length < glob.length && glob.endsWith(other))
}
