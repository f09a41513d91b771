/** Reading of JSON documents, where every complaint names the place in the document. */

/** A value and where it stands, such as `Rules[2].Conditions[0]`. */
export interface Spot {
  readonly value: unknown
  readonly place: string
}

/** The document cannot be read as rules: one clear sentence with the place. */
export class InputError extends Error {}

export function complain (spot: Spot, text: string): never {
  throw new InputError(`${spot.place === '' ? 'the document' : spot.place}: ${text}`)
}

/** A member of an object; its value is undefined where there is none, or null in the document. */
export function member (spot: Spot, name: string): Spot {
  const value = objectOf(spot)[name]
  return { value: value ?? undefined, place: spot.place === '' ? name : `${spot.place}.${name}` }
}

export function objectOf (spot: Spot): Readonly<Record<string, unknown>> {
  if (typeof spot.value !== 'object' || spot.value === null || Array.isArray(spot.value)) complain(spot, `an object belongs here, not ${kindOf(spot.value)}`)
  return { ...spot.value }
}

/** The elements of a list; none where the list itself is missing. */
export function listOf (spot: Spot): readonly Spot[] {
  if (spot.value === undefined) return []
  if (!Array.isArray(spot.value)) complain(spot, `a list belongs here, not ${kindOf(spot.value)}`)
  return spot.value.map((value: unknown, at) => ({ value, place: `${spot.place}[${at}]` }))
}

/** The elements of a list that must have some. */
export function filledListOf (spot: Spot): readonly Spot[] {
  const list = listOf(spot)
  return list.length > 0 ? list : complain(spot, spot.value === undefined ? 'a list is missing' : 'the list is empty')
}

/** Whether an object says something in words that are not among these. */
export function hasOther (spot: Spot, names: readonly string[]): boolean {
  return Object.entries(objectOf(spot)).some(([name, value]) => value !== null && !names.includes(name))
}

export function textOf (spot: Spot): string {
  return typeof spot.value === 'string' ? spot.value : complain(spot, spot.value === undefined ? 'a text is missing' : `a text belongs here, not ${kindOf(spot.value)}`)
}

export function optionalText (spot: Spot): string | undefined {
  return spot.value === undefined ? undefined : textOf(spot)
}

/** A whole number, written as a number or as its digits. */
export function numberOf (spot: Spot): number {
  const number = typeof spot.value === 'string' && /^\d+$/.test(spot.value) ? Number(spot.value) : spot.value
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : complain(spot, `a whole number belongs here, not ${kindOf(spot.value)}`)
}

/** One spelling for equal values: the members of objects by name, without those that are null. */
export function canonical (value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const members = Object.entries(value).filter(([, part]) => part !== null && part !== undefined).sort(([one], [other]) => one < other ? -1 : 1)
  return `{${members.map(([name, part]) => `${JSON.stringify(name)}:${canonical(part)}`).join()}}`
}

function kindOf (value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : JSON.stringify(value)
}
