/** The one form in which every command prints a table for people. */
import type { Io } from '../core/io.js'

/** Prints columns as wide as their widest cell; the last one may be of any length. */
export function printTable (io: Io, head: readonly string[], rows: ReadonlyArray<readonly string[]>): void {
  const all = [head, ...rows]
  const widths = all.reduce((most, row) => row.map((cell, column) => Math.max(cell.length, most[column] ?? 0)), Array<number>(0))
  io.stdout.write(
    all
      .map(row => row.map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd((widths[column] ?? 0) + 2))).join('') + '\n')
      .join('')
  )
}
