/** What is under way, as an array from which things are taken by their slot. */

export interface Slotted {
  /** Where the set holds it; the set's own business. */
  slot: number
}

export interface ActiveSet<T extends Slotted> {
  readonly items: readonly T[]
  add: (item: T) => void
  /** @returns whether it was there */
  remove: (item: T) => boolean
}

/**
 * Not a Set: one that churns at thousands of items a second keeps its outgrown tables, and all they refer to, alive until
 * a full collection. Measured with `--trace-gc`: three times the time in the collector.
 */
export function createActiveSet<T extends Slotted> (): ActiveSet<T> {
  const items: T[] = []
  return {
    items,
    add (item) {
      item.slot = items.push(item) - 1
    },
    remove (item) {
      if (items[item.slot] !== item) return false
      const last = items.pop()
      if (last !== undefined && last !== item) {
        items[item.slot] = last
        last.slot = item.slot
      }
      return true
    }
  }
}
