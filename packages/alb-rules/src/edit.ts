/** Edits of rules that fix what was found, as data: proposed by checks, tried before they are told, and applied by whoever wants them. */
import type { Condition } from './conditions.js'
import type { Listener, Rule, RuleSet } from './model.js'

export type Step =
  /** One value of a path condition becomes others. */
  | { readonly do: 'replace-path', readonly rule: string, readonly value: string, readonly by: readonly string[] }
  /** A second rule, like another one but for its paths. */
  | { readonly do: 'add-rule', readonly priority: string, readonly like: string, readonly paths: readonly string[] }
  | { readonly do: 'delete', readonly rule: string }
  /** New numbers, by the old ones; all of them at once. */
  | { readonly do: 'renumber', readonly priorities: Readonly<Record<string, string>> }

export interface Edit {
  /** Labels of the listeners that it is made in. */
  readonly listeners: ReadonlyArray<string | null>
  readonly steps: readonly Step[]
}

/** The rules after an edit. */
export function applyEdit (ruleSet: RuleSet, { listeners, steps }: Edit): RuleSet {
  const edited = (listener: Listener): Listener => ({ ...listener, rules: steps.reduce(applyStep, listener.rules) })
  return { ...ruleSet, listeners: ruleSet.listeners.map(listener => listeners.includes(listener.label) ? edited(listener) : listener) }
}

/** What a rule was called before the edit; a second rule is called after the one that it is like. */
export function originOf (priority: string, { steps }: Edit): string {
  return steps.reduceRight((name, step) => {
    if (step.do === 'add-rule' && step.priority === name) return step.like
    if (step.do !== 'renumber') return name
    return Object.entries(step.priorities).find(([, next]) => next === name)?.[0] ?? name
  }, priority)
}

function applyStep (rules: readonly Rule[], step: Step): readonly Rule[] {
  switch (step.do) {
    case 'delete': return rules.filter(({ priority }) => priority !== step.rule)
    case 'replace-path': return rules.map(rule => rule.priority === step.rule ? withPath(rule, step.value, step.by) : rule)
    case 'renumber': return ordered(rules.map(rule => ({ ...rule, priority: step.priorities[rule.priority] ?? rule.priority })))
    case 'add-rule': {
      const like = rules.find(({ priority }) => priority === step.like)
      return like === undefined ? rules : ordered([...rules, { ...withPaths(like, step.paths), priority: step.priority }])
    }
  }
}

function withPath (rule: Rule, value: string, by: readonly string[]): Rule {
  const replaced = (values: readonly string[]): readonly string[] => [...new Set(values.flatMap(one => one === value ? by : [one]))]
  return withConditions(rule, condition => ({ ...condition, values: replaced(condition.values) }))
}

function withPaths (rule: Rule, paths: readonly string[]): Rule {
  return withConditions(rule, () => ({ kind: 'path-pattern', values: paths, regexes: [] }))
}

type PathCondition = Extract<Condition, { readonly kind: 'path-pattern' }>

function withConditions (rule: Rule, edited: (condition: PathCondition) => PathCondition): Rule {
  return { ...rule, conditions: rule.conditions.map(condition => condition.kind === 'path-pattern' ? edited(condition) : condition) }
}

/** By number; rules that have none yet stay behind those that do. */
function ordered (rules: readonly Rule[]): readonly Rule[] {
  const rank = ({ priority, place }: Rule): number => {
    return priority === 'default' ? Infinity : place === undefined ? Number(priority) : Number.MAX_SAFE_INTEGER
  }
  return rules.toSorted((one, other) => rank(one) - rank(other))
}
