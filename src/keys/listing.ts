/** How stores of our own choose the keys of a page of a list: conditions in the SQL that all of them speak. */
import type { KeyPage, KeyQuery, KeyRow, KeyState } from './contract.js'
import { toRecord } from './records.js'

export interface Selection {
  /** A condition on the columns of keys, without the word WHERE. */
  readonly where: string
  /** What its parameters are, in their order. */
  readonly values: ReadonlyArray<string | number>
}

type Add = (value: string | number) => string

const states: Readonly<Record<KeyState, (at: string) => string>> = {
  revoked: () => 'revoked_at IS NOT NULL',
  disabled: () => 'revoked_at IS NULL AND disabled_at IS NOT NULL',
  expired: at => `revoked_at IS NULL AND disabled_at IS NULL AND (expires_at <= ${at} OR overlap_until <= ${at})`,
  live: at => `revoked_at IS NULL AND disabled_at IS NULL AND coalesce(expires_at > ${at}, true) AND coalesce(overlap_until > ${at}, true)`
}

/** Keys in the order of pages: as `KeyPosition` has it. */
export const pageOrder = 'created_at, id'

/**
 * The rows of a page, and one more where there are more.
 * @param place how the parameter of a number, from 1 on, is written
 * @param at the time by which a key has expired or not
 */
export function select ({ state, owner, name, hint, after }: KeyQuery, place: (number: number) => string, at: number): Selection {
  const values: Array<string | number> = []
  const add: Add = value => place(values.push(value))
  const where = [
    ...state === undefined ? [] : [states[state](timeOf(state, at, add))],
    ...owner === undefined ? [] : [`user_id = ${add(owner)}`],
    ...name === undefined ? [] : [`name = ${add(name)}`],
    // Without what LIKE takes for a pattern, and with the case that keys have
    ...hint === undefined ? [] : [`replace(hint, ${add(hint)}, '') <> hint`],
    ...after === undefined ? [] : [`(created_at, id) > (${add(after.createdAt)}, ${add(after.keyId)})`]
  ]
  return { where: where.length === 0 ? 'true' : where.join(' AND '), values }
}

/** A condition that names no time has no parameter for it: PostgreSQL could not tell its type. */
function timeOf (state: KeyState, at: number, add: Add): string {
  return state === 'expired' || state === 'live' ? add(at) : ''
}

/** Whether another key than that of an id may manage keys, as `records.ts` has it, which writes lists as JSON. */
export function otherAdmin (id: string, place: (number: number) => string, at: number): Selection {
  const { where, values } = select({ state: 'live', limit: 1 }, place, at)
  const manages = 'scopes LIKE \'%"mlflow:admin"%\' AND workspaces = \'[]\' AND permissions = \'[]\''
  return { where: `${where} AND ${manages} AND id <> ${place(values.length + 1)}`, values: [...values, id] }
}

/** @param rows up to one more than the limit */
export function toPage (rows: readonly KeyRow[], limit: number): KeyPage {
  const records = rows.slice(0, limit).map(toRecord)
  const last = rows.length > limit ? records.at(-1) : undefined
  return { records, next: last === undefined ? undefined : { createdAt: last.createdAt, keyId: last.keyId } }
}
