/** What a kind of condition is to the package. A new kind is a file beside this one and a row in the table of ../conditions.ts. */
import type { Block } from '../block.js'
import type { Cursor } from '../cursor.js'
import type { Request } from '../request.js'
import type { Atom } from '../solver/box.js'

/** What can be asked of any condition, also of one that is not known. */
export interface Behaviour<C> {
  /** What a person calls the condition. */
  readonly text: (condition: C) => string
  /** What of it cannot be decided, in words; empty for most. */
  readonly unknowns: (condition: C) => readonly string[]
  /** What it asks of a request, in the words of the solver. */
  readonly atom: (condition: C) => Atom
  /** Whether a request meets it; undefined where that cannot be told. */
  readonly holds: (condition: C, request: Request) => boolean | undefined
  /** What of the request it looks at. */
  readonly seen: (condition: C, request: Request) => string
  /** Its values, as AWS counts them. */
  readonly limits: (condition: C) => readonly Counted[]
  /** Its values that AWS does not take, each with the reason. */
  readonly refused: (condition: C) => readonly Refused[]
  /** As AWS prints it. */
  readonly write: (condition: C) => unknown
}

/** A kind that is known: how it is read and written, too. */
export interface Kind<C> extends Behaviour<C> {
  /** The member of AWS's JSON that holds its values, such as `HostHeaderConfig`. */
  readonly config: string
  /** What stands in that member. More words could change the meaning of these. */
  readonly words: readonly string[]
  /** @throws InputError; a condition of no known kind where nothing is known of what is asked */
  readonly read: (given: Given) => C | Unknown
  /** Terraform's name of the block that holds its values, such as `host_header`. */
  readonly block: string
  /** What stands in the member of AWS's JSON for a block of Terraform's; undefined where that is not known yet.
   *  @param pending what to call a value that is known only when the plan is applied; undefined where all are known */
  readonly fromBlock: (block: Cursor, pending: string | undefined) => object | undefined
  readonly toBlock: (condition: C) => Block | readonly Block[]
}

/** A condition of AWS's JSON, taken apart. */
export interface Given {
  readonly condition: Cursor
  readonly config: Cursor
  /** From the old place and the new one, which can hold the same list. */
  readonly values: readonly Cursor[]
  readonly regexes: readonly Cursor[]
  /** Names for values that are known only when the rules are made; AWS prints none. */
  readonly open: readonly Cursor[]
}

/** One value, as AWS counts them. */
export interface Counted {
  /** What the limit on characters counts one by one. */
  readonly parts: readonly string[]
  readonly wildcards: number
}

/** A value that AWS does not take. */
export interface Refused {
  readonly value: string
  /** Completes "AWS refuses VALUE: …". */
  readonly why: string
}

/** A condition of which nothing can be told. */
export interface Unknown {
  readonly kind: 'unknown'
  readonly field: string
  /** All of it, in one spelling. */
  readonly text: string
  /** Set for a member of a rule that is not known: it may be a condition, or turn the meaning of those that are. */
  readonly isMember?: true
}

/** Whether one of several holds: what cannot be told counts only where no other one does. */
export function anyOf (states: ReadonlyArray<boolean | undefined>): boolean | undefined {
  return states.includes(true) ? true : states.includes(undefined) ? undefined : false
}

/** The stars and question marks in a pattern. */
export function wildcardsIn (text: string): number {
  return text.replace(/[^*?]/g, '').length
}
