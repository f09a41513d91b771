/** Lists of MLflow's answers without what a key may not read: entries are cut out of the text, and all else stays as it is written. */
import type { Permissions } from '../access/permissions.js'
import { coversRegistered, type Resolver } from './judge.js'
import { entriesOf, membersOf, type Span } from './json-text.js'
import type { Listed } from './rules.js'
import { promptTag } from './things.js'

interface Entry {
  readonly name?: unknown
  readonly tags?: unknown
}

/** More names in one answer that only MLflow can tell models from prompts of are too many questions. */
const questionsMax = 200

/** The answer cannot be filtered exactly. */
export class UnfilterableError extends Error {
  override readonly name = 'UnfilterableError'
}

/**
 * The answer without the entries that are not covered.
 * @param text MLflow's answer, 200
 * @throws UnfilterableError; SyntaxError and UnreadableError for what is not the JSON that was expected
 */
export async function withoutUnreadable (text: string, listed: Listed, permissions: Permissions, resolver: Pick<Resolver, 'isPrompt'>): Promise<string> {
  JSON.parse(text)
  const list = membersOf(text).get(listed)
  if (list === undefined) return text // an empty list is left out
  const asked = askedOnce(resolver)
  const kept: string[] = []
  for (const { start, end } of entriesOf(text, list.start)) {
    const entry = text.slice(start, end)
    if (await isReadable(JSON.parse(entry) as Entry, listed, permissions, asked)) kept.push(entry)
  }
  return replaced(text, list, `[${kept.join(',')}]`)
}

async function isReadable ({ name, tags }: Entry, listed: Listed, permissions: Permissions, resolver: Pick<Resolver, 'isPrompt'>): Promise<boolean> {
  if (typeof name !== 'string') throw new UnfilterableError('An entry has no name.')
  switch (listed) {
    case 'experiments':
      return permissions.cover('read', 'experiments', name)
    case 'registered_models':
      return await coversRegistered(permissions, 'read', name, { isPrompt: async () => isPrompt(tags) })
    case 'model_versions':
      return await coversRegistered(permissions, 'read', name, resolver)
  }
}

/** Whether tags are those of a prompt, as MLflow reads them (`RegisteredModel._is_prompt`). */
export function isPrompt (tags: unknown): boolean {
  return Array.isArray(tags) && tags.some((tag: { key?: unknown, value?: unknown } | null) =>
    tag?.key === promptTag && typeof tag.value === 'string' && tag.value.toLowerCase() === 'true')
}

function askedOnce (resolver: Pick<Resolver, 'isPrompt'>): Pick<Resolver, 'isPrompt'> {
  const known = new Map<string, boolean | undefined>()
  return {
    async isPrompt (name) {
      if (known.has(name)) return known.get(name)
      if (known.size === questionsMax) throw new UnfilterableError(`The answer holds more than ${questionsMax} names.`)
      const found = await resolver.isPrompt(name)
      known.set(name, found)
      return found
    }
  }
}

function replaced (text: string, { start, end }: Span, by: string): string {
  return text.slice(0, start) + by + text.slice(end)
}
