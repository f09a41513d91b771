/**
 * Filters of lists (MLflow's `filter`) that tell a key nothing of what it may not read: an entry that is cut out of a page still counts in
 * MLflow's page tokens, so that any other filter would say whether something hidden fits it. Pure, in time linear in the filter.
 */
import type { NamedKind, Permissions } from '../access/permissions.js'
import { UnreadableError } from './json-text.js'
import type { Listed } from './rules.js'
import { promptTag } from './things.js'

const kinds: Readonly<Record<Listed, readonly NamedKind[]>> = {
  experiments: ['experiments'],
  registered_models: ['models', 'prompts'],
  model_versions: ['models', 'prompts']
}

const maxLength = 4000

interface Clause {
  readonly key: string
  readonly operator: string
  readonly value: string
}

/**
 * Checks that a filter asks for covered names, or for prompts or none, and for nothing else.
 * @throws UnreadableError
 */
export function checkFilter (filter: string, listed: Listed, permissions: Permissions): void {
  for (const { key, operator, value } of clausesOf(filter)) {
    const isPromptTag = [`tags.\`${promptTag}\``, `tag.\`${promptTag}\``].includes(key)
    if (isPromptTag && (operator === '=' || operator === '!=') && listed !== 'experiments') continue
    const prefix = operator === 'LIKE' ? prefixOf(value) : undefined
    // No pattern holds a NUL: what covers it covers whatever follows there
    const asked = operator === '=' ? value : prefix === undefined ? undefined : `${prefix}\0`
    if ((key === 'name' || key === 'attribute.name') && asked !== undefined && kinds[listed].some(kind => permissions.cover('read', kind, asked))) continue
    throw new UnreadableError('The filter of a list may only be name = \'…\' or name LIKE \'…%\', of names that the key covers whole.')
  }
}

/** What stands before the one `%` at the end. */
function prefixOf (pattern: string): string | undefined {
  const prefix = pattern.slice(0, -1)
  return pattern.endsWith('%') && !prefix.includes('%') && !prefix.includes('_') && !prefix.includes('\\') ? prefix : undefined
}

/** The clauses between AND: a key, an operator and a text in quotes, which holds none. */
function clausesOf (filter: string): Clause[] {
  if (filter.length > maxLength) throw new UnreadableError('The filter is too long to be judged.')
  if (filter.includes('\\')) throw new UnreadableError('The filter holds a backslash: it cannot be judged.') // of a quote, to MLflow's parser
  const parts = filter.split('\'')
  const clauses: Clause[] = []
  for (let index = 0; index + 1 < parts.length; index += 2) {
    const words = spaced(parts[index] ?? '').split(' ').filter(word => word !== '')
    if (index > 0 && words.shift()?.toUpperCase() !== 'AND') throw new UnreadableError('The filter cannot be judged.')
    const [key = '', operator = ''] = words
    if (words.length !== 2) throw new UnreadableError('The filter cannot be judged: write name = and texts in single quotes.')
    clauses.push({ key, operator: operator.toUpperCase(), value: parts[index + 1] ?? '' })
  }
  if (parts.length % 2 === 0 || (parts.at(-1) ?? '').trim() !== '') throw new UnreadableError('The filter cannot be judged.')
  return clauses
}

/** With blanks around its operators. */
function spaced (text: string): string {
  return text.split('!=').map(part => part.replaceAll('=', ' = ')).join(' != ')
}
