/** Writes rules as a table for people. */
import { conditionText, type Condition } from '../conditions.js'
import { redirectUrl, targetOf, type Listener, type Rule, type RuleSet } from '../model.js'

/** Listeners with the same rules share a table. */
export function markdown ({ listeners }: RuleSet, reasons: ReadonlyMap<string, string>): string {
  const groups = new Map<string, Listener[]>()
  for (const listener of listeners) {
    const key = JSON.stringify(listener.rules)
    groups.set(key, [...groups.get(key) ?? [], listener])
  }
  return [...groups.values()].map(group => table(group, reasons)).join('\n')
}

/** Conditions that are not of a host or a path have a column of their own, where there are any. */
function table (listeners: readonly Listener[], reasons: ReadonlyMap<string, string>): string {
  const rules = listeners[0]?.rules ?? []
  const hasMore = rules.some(rule => columnsOf(rule).more.length > 0)
  const titles = listeners.every(({ label }) => label === null) ? [] : [listeners.map(titleOf).join(' and ')]
  const row = (...cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [
    `## ${[listeners.length === 1 ? 'Listener' : 'Listeners', ...titles].join(' ')}`,
    '',
    row('priority', 'host', 'path', ...hasMore ? ['and'] : [], 'goes to', 'why'),
    `|${'---|'.repeat(hasMore ? 6 : 5)}`,
    ...rules.map(rule => {
      const { host, path, more } = columnsOf(rule)
      const others = hasMore ? [more.map(condition => code(conditionText(condition))).join(', ')] : []
      return row(rule.priority, valuesOf(host), valuesOf(path), ...others, goesTo(rule), text(reasons.get(rule.priority) ?? ''))
    }),
    ''
  ].join('\n')
}

interface Columns {
  readonly host: Condition | undefined
  readonly path: Condition | undefined
  readonly more: readonly Condition[]
}

/** The first condition of a host and the first of a path, which are all that most rules have, and the others. */
function columnsOf ({ conditions }: Rule): Columns {
  const host = conditions.find(({ kind }) => kind === 'host-header')
  const path = conditions.find(({ kind }) => kind === 'path-pattern')
  return { host, path, more: conditions.filter(condition => condition !== host && condition !== path) }
}

function valuesOf (condition: Condition | undefined): string {
  if (condition === undefined || !('regexes' in condition)) return 'any'
  const { values, regexes, open = [] } = condition
  const named = open.map(name => `not known yet: ${code(name)}`)
  return [...values.map(code), ...regexes.map(regex => `regex ${code(regex)}`), ...named].join(', ')
}

function goesTo (rule: Rule): string {
  const { action, steps, transforms } = rule
  const isPlain = steps.length + transforms.length === 0
  return isPlain && action.kind === 'redirect' ? `redirect ${action.status} ${code(redirectUrl(action))}` : code(targetOf(rule))
}

function titleOf ({ label, protocol, port }: Listener): string {
  return protocol === undefined || label === `${protocol}:${port}` ? label ?? '' : `${label} (${protocol}, port ${port})`
}

/** A value that holds a backtick stands between two of them (CommonMark, section 6.1). */
function code (value: string): string {
  return value.includes('`') ? `\`\` ${text(value)} \`\`` : `\`${text(value)}\``
}

/** A bar would end the cell. */
function text (value: string): string {
  return value.replaceAll('|', '\\|')
}
