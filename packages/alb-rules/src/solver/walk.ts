/** Finds the shortest text that some patterns match and others do not, by walking all of them at once, breadth first. */
import { createAutomata, type State } from './automata.js'
import type { Budget } from './budget.js'
import { covers, mayMeet, type Glob } from './pattern.js'

/** The texts that a part of a request can hold at all, as an automaton, and its characters in the order in which a witness prefers them. */
export interface Shape {
  readonly start: string
  /** Characters that the automaton does not tell apart share a class. */
  readonly classes: readonly string[]
  /** Undefined where no text goes on like this. */
  readonly step: (state: string, char: string) => string | undefined
  readonly accepts: (state: string) => boolean
}

/** What a text must do: match a pattern of every required list, and none of the forbidden lists. */
export interface Wanted {
  readonly required: ReadonlyArray<readonly Glob[]>
  readonly forbidden: ReadonlyArray<readonly Glob[]>
  readonly shape: Shape
}

/** Gives the shortest text that is wanted, of several the first in the order of its shape; undefined where there is none. */
export type Walk = (wanted: Wanted) => string | undefined

/** Where a walk stands. */
interface Position {
  readonly required: readonly State[]
  readonly forbidden: readonly State[]
  readonly at: string
  readonly text: string
}

/** Walks share what they learn about the patterns. */
export function createWalk (budget: Budget): Walk {
  const automata = createAutomata(budget)

  return function walk (wanted) {
    budget.spend(wanted.forbidden.length)
    const { required, forbidden, shape } = relevant(wanted)
    const first = settle(required.map(automata.start), forbidden.map(automata.start), shape.start, '')
    if (first === undefined) return undefined
    if (isEnd(first, shape)) return ''
    const seen = new Set<string>()
    const queue = [first]
    for (const position of queue) {
      for (const char of nextChars(position, shape)) {
        budget.spend(1 + position.required.length + position.forbidden.length)
        const next = follow(position, char, shape)
        if (next === undefined) continue
        if (isEnd(next, shape)) return next.text
        const key = keyOf(next)
        if (seen.has(key)) continue
        seen.add(key)
        queue.push(next)
      }
    }
    return undefined
  }
}

/** Without the patterns that a look at two of them tells to be of no use, so that there is less to walk. */
function relevant ({ required, forbidden, shape }: Wanted): Wanted {
  const against = [...new Set(forbidden.flat())]
  const possible = required.map(globs => globs.filter(glob => !against.some(other => covers(other, glob))))
  const meetsSome = (glob: Glob, globs: readonly Glob[]): boolean => globs.some(other => mayMeet(glob, other))
  const meeting = possible.map(globs => globs.filter(glob => possible.every(others => others === globs || meetsSome(glob, others))))
  const isNear = (glob: Glob): boolean => meeting.every(globs => meetsSome(glob, globs))
  return { required: meeting, forbidden: forbidden.map(globs => globs.filter(isNear)).filter(globs => globs.length > 0), shape }
}

/** Whether a text can stand in that part of a request. */
export function fitsShape (text: string, shape: Shape): boolean {
  let state: string | undefined = shape.start
  for (const char of text.split('')) {
    state = shape.classes.some(members => members.includes(char)) ? shape.step(state, char) : undefined
    if (state === undefined) return false
  }
  return shape.accepts(state)
}

function follow (position: Position, char: string, shape: Shape): Position | undefined {
  const at = shape.step(position.at, char)
  if (at === undefined) return undefined
  const required: State[] = []
  for (const state of position.required) {
    const next = state.step(char)
    if (next.isDead) return undefined
    required.push(next)
  }
  return settle(required, position.forbidden.map(state => state.step(char)), at, position.text + char)
}

/** The position without what no longer matters; undefined where nothing wanted can follow. */
function settle (required: readonly State[], forbidden: readonly State[], at: string, text: string): Position | undefined {
  const against: State[] = []
  for (const state of forbidden) {
    if (state.isEverything) return undefined
    if (!state.isDead && !against.includes(state)) against.push(state)
  }
  const wanted: State[] = []
  for (const state of required) {
    const left = against.reduce((rest, other) => rest.without(other), state)
    if (left.isDead) return undefined
    if (!left.isEverything && !wanted.includes(left)) wanted.push(left)
  }
  return { required: wanted, forbidden: against, at, text }
}

function isEnd ({ required, forbidden, at }: Position, shape: Shape): boolean {
  return shape.accepts(at) && required.every(state => state.accepts) && !forbidden.some(state => state.accepts)
}

/** Every character that a pattern names next, and of each class one that none names: the others of the class behave like it. */
function nextChars ({ required, forbidden }: Position, shape: Shape): string[] {
  const named = new Set<string>()
  for (const state of required) state.heads.forEach(head => named.add(head))
  for (const state of forbidden) state.heads.forEach(head => named.add(head))
  const chars: string[] = []
  for (const members of shape.classes) {
    let left = named.size
    let hasSpare = false
    for (let at = 0; at < members.length && (left > 0 || !hasSpare); at++) {
      const char = members.charAt(at)
      const isNamed = named.has(char)
      if (isNamed || !hasSpare) chars.push(char)
      if (isNamed) left--
      else hasSpare = true
    }
  }
  return chars
}

function keyOf ({ required, forbidden, at }: Position): string {
  const ids = (states: readonly State[]): string => {
    if (states.length < 2) return String(states[0]?.id ?? '')
    return states.map(state => state.id).sort((one, other) => one - other).join()
  }
  return `${ids(required)}/${ids(forbidden)}/${at}`
}
