/** What a check is given and what it finds. */
import type { Analysis, Answer, Entry, ListenerView } from './analysis/analysis.js'
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
  /** The smallest edit that puts it right. */
  readonly fix: string
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

export interface Check {
  readonly name: string
  /** What it finds, in half a sentence. */
  readonly title: string
  readonly run: (subject: Subject) => ReadonlyArray<Omit<Finding, 'check'>>
}

export type Found = ReturnType<Check['run']>
