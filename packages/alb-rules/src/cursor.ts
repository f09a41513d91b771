/** Reading of JSON documents, where every complaint names the place in the document. */

/** A value and where it stands, such as `Rules[2].Conditions[0]`. */
export interface Cursor {
  readonly value: unknown
  readonly place: string
}

/** The document cannot be read as rules: one clear sentence with the place. */
export class InputError extends Error {}

export function complain (cursor: Cursor, text: string): never {
  throw new InputError(`${cursor.place === '' ? 'the document' : cursor.place}: ${text}`)
}

/** A member of an object; its value is undefined where there is none, or null in the document. */
export function member (cursor: Cursor, name: string): Cursor {
  const value = objectOf(cursor)[name]
  return { value: value ?? undefined, place: cursor.place === '' ? name : `${cursor.place}.${name}` }
}

export function objectOf (cursor: Cursor): Readonly<Record<string, unknown>> {
  const isObject = typeof cursor.value === 'object' && cursor.value !== null && !Array.isArray(cursor.value)
  if (!isObject) complain(cursor, `an object belongs here, not ${kindOf(cursor.value)}`)
  return { ...cursor.value }
}

/** The elements of a list; none where the list itself is missing. */
export function listOf (cursor: Cursor): readonly Cursor[] {
  if (cursor.value === undefined) return []
  if (!Array.isArray(cursor.value)) complain(cursor, `a list belongs here, not ${kindOf(cursor.value)}`)
  return cursor.value.map((value: unknown, at) => ({ value, place: `${cursor.place}[${at}]` }))
}

/** The elements of a list that must have some. */
export function filledListOf (cursor: Cursor): readonly Cursor[] {
  const list = listOf(cursor)
  return list.length > 0 ? list : complain(cursor, cursor.value === undefined ? 'a list is missing' : 'the list is empty')
}

/** Whether an object says something in words that are not among these. */
export function hasOther (cursor: Cursor, names: readonly string[]): boolean {
  return Object.entries(objectOf(cursor)).some(([name, value]) => value !== null && !names.includes(name))
}

export function textOf (cursor: Cursor): string {
  if (typeof cursor.value === 'string') return cursor.value
  return complain(cursor, cursor.value === undefined ? 'a text is missing' : `a text belongs here, not ${kindOf(cursor.value)}`)
}

export function optionalText (cursor: Cursor): string | undefined {
  return cursor.value === undefined ? undefined : textOf(cursor)
}

/** A whole number, written as a number or as its digits. */
export function numberOf (cursor: Cursor): number {
  const number = typeof cursor.value === 'string' && /^\d+$/.test(cursor.value) ? Number(cursor.value) : cursor.value
  if (typeof number === 'number' && Number.isSafeInteger(number)) return number
  return complain(cursor, `a whole number belongs here, not ${kindOf(cursor.value)}`)
}

/** One spelling for equal values: the members of objects by name, without those that are null. */
export function canonical (value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const said = Object.entries(value).filter(([, part]) => part !== null && part !== undefined)
  const members = said.sort(([one], [other]) => one < other ? -1 : 1)
  return `{${members.map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`).join()}}`
}

function kindOf (value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : JSON.stringify(value)
}
