/** Counts by name, minute by minute for an hour and hour by hour for a day, in bounded memory. */

export const minutesKept = 60
export const hoursKept = 24

const minuteMs = 60_000
const minutesOfHour = 60

export interface Series {
  /** The oldest first; the last minute is not over yet. */
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
}

export interface Count<T> extends Series {
  /** What the name stood for when it was last counted. */
  readonly what: T
}

export interface Reading<T> {
  /** When the first of the minutes and of the hours begins, in milliseconds since 1970. */
  readonly minutesFrom: number
  readonly hoursFrom: number
  /** The busiest of the day first. */
  readonly counts: ReadonlyArray<Count<T>>
  /** Of names beyond the bound, together. */
  readonly others: Series | undefined
}

export interface Tally<T> {
  readonly note: (name: string, what: T) => void
  readonly read: () => Reading<T>
}

interface Entry<T> { what: T | undefined, calls: number }

/** What was counted in a minute or an hour. */
interface Slot<T> {
  /** The minute or hour, counted since 1970. */
  readonly at: number
  readonly entries: Map<string, Entry<T>>
}

/** In place of names beyond the bound; no key has it. */
const others = ''

/** @param max names are counted by themselves in each minute and each hour, and read */
export function createTally<T> (max: number, now: () => number = Date.now): Tally<T> {
  let open: Slot<T> = { at: minuteOf(now()), entries: new Map() }
  let minutes: Array<Slot<T>> = []
  let hours: Array<Slot<T>> = []

  function add ({ entries }: Slot<T>, name: string, what: T | undefined, calls: number): void {
    const entry = entries.get(name)
    if (entry !== undefined) {
      entry.calls += calls
      entry.what = what
    } else if (name !== others && entries.size >= max) {
      add({ at: 0, entries }, others, undefined, calls)
    } else {
      entries.set(name, { what, calls })
    }
  }

  /** Closes the minute that is over. A clock that was set back leaves it open until it is over again. */
  function turn (): void {
    const at = minuteOf(now())
    if (at <= open.at) return
    const hour = hourOf(open.at)
    let slot = hours.at(-1)
    if (slot?.at !== hour) hours.push(slot = { at: hour, entries: new Map() })
    for (const [name, { what, calls }] of open.entries) add(slot, name, what, calls)
    minutes.push(open)
    open = { at, entries: new Map() }
    minutes = minutes.filter(slot => slot.at > at - minutesKept)
    hours = hours.filter(slot => slot.at > hourOf(at) - hoursKept)
  }

  return {
    note (name, what) {
      turn()
      add(open, name, what, 1)
    },
    read () {
      turn()
      const minutesFrom = open.at - minutesKept + 1
      const hoursFrom = hourOf(open.at) - hoursKept + 1
      const found = new Map<string, Drawn<T>>()
      for (const slot of hours) gather(found, slot, 'hours', slot.at - hoursFrom)
      for (const slot of minutes) gather(found, slot, 'minutes', slot.at - minutesFrom)
      gather(found, open, 'minutes', minutesKept - 1)
      gather(found, open, 'hours', hoursKept - 1)
      return {
        minutesFrom: minutesFrom * minuteMs,
        hoursFrom: hoursFrom * minutesOfHour * minuteMs,
        ...bounded(found, max)
      }
    }
  }
}

function minuteOf (time: number): number {
  return Math.floor(time / minuteMs)
}

function hourOf (minute: number): number {
  return Math.floor(minute / minutesOfHour)
}

/** A count on its way to whoever reads it. */
interface Drawn<T> { what: T | undefined, readonly minutes: number[], readonly hours: number[] }

function blank (): Drawn<never> {
  return { what: undefined, minutes: Array<number>(minutesKept).fill(0), hours: Array<number>(hoursKept).fill(0) }
}

function gather<T> (found: Map<string, Drawn<T>>, { entries }: Slot<T>, unit: 'minutes' | 'hours', index: number): void {
  for (const [name, { what, calls }] of entries) {
    const drawn = found.get(name) ?? blank()
    found.set(name, drawn)
    drawn.what = what
    addTo(drawn[unit], index, calls)
  }
}

function addTo (numbers: number[], index: number, more: number): void {
  numbers[index] = (numbers[index] ?? 0) + more
}

/** The busiest, and all else together. */
function bounded<T> (found: ReadonlyMap<string, Drawn<T>>, max: number): Pick<Reading<T>, 'counts' | 'others'> {
  const ofDay = ({ hours }: Drawn<T>): number => hours.reduce((sum, calls) => sum + calls, 0)
  const named = [...found].filter(([name]) => name !== others).map(([, drawn]) => drawn).sort((a, b) => ofDay(b) - ofDay(a))
  const rest = [...found.get(others) === undefined ? [] : [found.get(others)], ...named.slice(max)].filter(drawn => drawn !== undefined)
  const together = blank()
  for (const { minutes, hours } of rest) {
    minutes.forEach((calls, index) => addTo(together.minutes, index, calls))
    hours.forEach((calls, index) => addTo(together.hours, index, calls))
  }
  const { minutes, hours } = together
  return { counts: named.slice(0, max) as Array<Count<T>>, others: rest.length === 0 ? undefined : { minutes, hours } }
}
