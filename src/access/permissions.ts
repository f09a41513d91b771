/**
 * What a key may read and write of MLflow, by the names of its experiments and registered models: a list of permissions such as
 * `write:experiments/team-a/*`. Scopes say which operations a key may call, permissions on what. Pure.
 */

/** `read` is included in `write`. */
export type Verb = 'read' | 'write'

/** What has a name by which it is permitted; all else belongs to one of these. A prompt is a registered model with a tag. */
export type NamedKind = 'experiments' | 'models' | 'prompts'

interface Permission {
  readonly verb: Verb
  /** Undefined: everything, what belongs to no named thing too. */
  readonly of: { readonly kind: NamedKind, readonly pattern: string } | undefined
}

/** Of a key that is bound; one that is not has none of this. */
export interface Permissions {
  /** As they were written, in their order. */
  readonly texts: readonly string[]
  /** Everything may be read, or written: nothing has to be judged. */
  readonly everything: (verb: Verb) => boolean
  /** Whether a name is covered. */
  readonly cover: (verb: Verb, kind: NamedKind, name: string) => boolean
  /** Whether some name may be covered: `false` where no permission speaks of the kind. */
  readonly speakOf: (verb: Verb, kind: NamedKind) => boolean
}

/** Of one permission, and of them in a key. */
export const permissionMaxLength = 300
export const permissionsMax = 100

const form = /^(read|write):(?:\*|(experiments|models|prompts)\/(.+))$/su

/** What is wrong with a permission, as a sentence; undefined: nothing. */
export function permissionProblem (text: string): string | undefined {
  if (text.length > permissionMaxLength) return `A permission must have at most ${permissionMaxLength} characters.`
  if (/\p{C}/u.test(text)) return 'A permission must have no control characters.'
  if (form.test(text)) return undefined
  return `"${text}" is not a permission: write read:* or write:*, or such as read:experiments/team-a/*, write:models/team-a-*, read:prompts/*.`
}

/**
 * The permissions that texts stand for. What cannot be read grants nothing, and the key stays bound: a later version may have written it.
 * @returns undefined for an empty list: the key is not bound
 */
export function toPermissions (texts: readonly string[]): Permissions | undefined {
  if (texts.length === 0) return undefined
  const permissions = texts.map(parse).filter(permission => permission !== undefined)
  const some = (verb: Verb, test: (permission: Permission) => boolean): boolean =>
    permissions.some(permission => (verb === 'read' || permission.verb === 'write') && test(permission))
  return {
    texts,
    everything: verb => some(verb, ({ of }) => of === undefined),
    cover: (verb, kind, name) => some(verb, ({ of }) => of === undefined || (of.kind === kind && fits(of.pattern, name))),
    speakOf: (verb, kind) => some(verb, ({ of }) => of === undefined || of.kind === kind)
  }
}

function parse (text: string): Permission | undefined {
  const [, verb, kind, pattern] = form.exec(text) ?? []
  if (verb === undefined) return undefined
  return { verb: verb as Verb, of: kind === undefined ? undefined : { kind: kind as NamedKind, pattern: pattern ?? '' } }
}

/** Whether a name fits a pattern: `*` stands for any run of characters, slashes too; all else for itself, case included. */
function fits (pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return name === pattern
  if (name.length < first.length + last.length || !name.startsWith(first) || !name.endsWith(last)) return false
  const end = name.length - last.length
  let at = first.length
  for (const part of rest) {
    const found = name.indexOf(part, at) // the leftmost is as good as any: what follows has the most room then
    if (found === -1 || found + part.length > end) return false
    at = found + part.length
  }
  return true
}
