/** The lines of the chart: the busiest keys, and all others together. */
import { sum, type KeyCalls, type Unit, type Usage } from './usage.js'

export interface Line {
  readonly label: string
  readonly calls: readonly number[]
}

/** As many as the eye tells apart by their colours (`--line-1` and so on). */
const linesMax = 5

/** Keys that made calls in the hour or the day, the busiest first. */
export function busiest ({ keys }: Usage, unit: Unit): readonly KeyCalls[] {
  return keys.filter(key => sum(key[unit]) > 0).sort((a, b) => sum(b[unit]) - sum(a[unit]))
}

export function linesOf (usage: Usage, unit: Unit): readonly Line[] {
  const keys = busiest(usage, unit)
  const lines = keys.slice(0, linesMax).map(key => ({ label: key.name, calls: key[unit] }))
  const rest = [...keys.slice(linesMax), ...usage.other_keys === null ? [] : [usage.other_keys]]
  if (rest.length === 0) return lines
  const calls = Array.from({ length: rest[0]?.[unit].length ?? 0 }, (_, index) => sum(rest.map(series => series[unit][index] ?? 0)))
  return [...lines, { label: 'all others', calls }]
}

/** The line that stands for a key, counted from 1; the last one stands for all that have none of their own. */
export function lineNumber (index: number): number {
  return Math.min(index, linesMax) + 1
}

/** When each of the calls' minutes or hours begins, in seconds since 1970. */
export function timesOf (usage: Usage, unit: Unit): readonly number[] {
  const [from, step, count] = unit === 'minutes' ? [usage.minutes_from, 60, 60] : [usage.hours_from, 3600, 24]
  return Array.from({ length: count }, (_, index) => Date.parse(from) / 1000 + index * step)
}
