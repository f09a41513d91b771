/** What is under way, as an array from which things are taken by their place. */

export interface Placed {
  /** Where the roster holds it; the roster's own business. */
  place: number
}

export interface Roster<T extends Placed> {
  readonly items: readonly T[]
  add: (item: T) => void
  /** @returns whether it was there */
  remove: (item: T) => boolean
}

/**
 * Not a Set: one that churns at thousands of items a second keeps its outgrown tables, and all they refer to, alive until
 * a full collection. Measured with `--trace-gc`: three times the time in the collector.
 */
export function createRoster<T extends Placed> (): Roster<T> {
  const items: T[] = []
  return {
    items,
    add (item) {
      item.place = items.push(item) - 1
    },
    remove (item) {
      if (items[item.place] !== item) return false
      const last = items.pop()
      if (last !== undefined && last !== item) {
        items[item.place] = last
        last.place = item.place
      }
      return true
    }
  }
}
