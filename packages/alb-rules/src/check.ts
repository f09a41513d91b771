/** What a check is given and what it finds. */
import type { Analysis, Answer, Entry, ListenerView } from './analysis/analysis.js'
import type { Edit } from './edit.js'
import type { RuleSet } from './model.js'
import type { Witness } from './request.js'

export type Severity = 'error' | 'warning' | 'info'

export interface Finding {
  readonly check: string
  readonly severity: Severity
  /** Label of the listener; null where it has none, or where no single one is meant. */
  readonly listener: string | null
  /** A priority; null where no single rule is meant. */
  readonly rule: string | null
  /** Priorities of the earlier rules that are the cause, as few as do. */
  readonly by?: readonly string[]
  /** Some request that the rule matches goes to another target than the rule's. */
  readonly differentTarget?: boolean
  readonly message: string
  /** What puts it right, in words. */
  readonly fix: string
  /** The same as data, where it was tried: it makes no other finding above info. */
  readonly edit?: Edit
  /** Null where no request shows it. */
  readonly witness: Witness | null
}

export interface Subject {
  readonly ruleSet: RuleSet
  readonly views: readonly ListenerView[]
  readonly analysis: Analysis
  /** So many rules a load balancer may have; a quota that can be raised. */
  readonly rulesMax: number
  /** Whether some request gets as far as this rule and is taken by it. */
  readonly isReached: (entry: Entry) => Answer
  /** Keeps what could not be decided, so that it is reported and never passed as fine. */
  readonly undecided: (note: Undecided) => void
  readonly notes: readonly Undecided[]
}

export interface Undecided {
  readonly listener: string | null
  readonly rule: string
  /** Completes "it could not be decided …". */
  readonly about: string
  readonly why: 'unreadable' | 'limit'
  /** The rules it hangs on. */
  readonly by: readonly string[]
}

/** An edit that may put a finding right. */
export interface Proposal {
  readonly edit: Edit
  readonly fix: string
  /** It cannot make another finding, so it need not be tried. */
  readonly isSafe?: true
}

/** A finding as a check gives it: of its proposals the first one counts that proves good, else its words. */
export interface Draft extends Omit<Finding, 'check' | 'edit'> {
  readonly proposals?: readonly Proposal[]
}

export interface Check {
  readonly name: string
  /** What it finds, in half a sentence. */
  readonly title: string
  readonly run: (subject: Subject) => readonly Draft[]
}

export type Found = ReturnType<Check['run']>
