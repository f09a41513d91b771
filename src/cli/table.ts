/** The one form in which every command prints a table for people: whole for files and pipes, fitted on a terminal. */
import type { Io } from '../core/io.js'

export interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => string
  /** What a terminal shows instead; null: nothing, the column is left out there. */
  readonly brief?: ((row: Row) => string) | null
  /** It may be cut where the terminal is too narrow. */
  readonly elastic?: true
}

const gap = 2
/** No column is cut shorter than this. */
const leastWidth = 6

/** @param wide prints all of it on a terminal, too */
export function printTable<Row> (io: Io, columns: ReadonlyArray<Column<Row>>, rows: readonly Row[], wide: boolean = false): void {
  const fits = io.stdout.isTTY === true && !wide
  const shown = fits ? columns.filter(({ brief }) => brief !== null) : columns
  const cells = [shown.map(({ head }) => head), ...rows.map(row => shown.map(({ cell, brief }) => (fits ? brief ?? cell : cell)(row)))]
  const natural = shown.map((_, column) => Math.max(...cells.map(line => line[column]?.length ?? 0)))
  const widths = fits ? fitted(natural, shown.map(({ elastic }) => elastic === true), columnsOf(io)) : natural
  io.stdout.write(cells.map(line => line.map((cell, column) => padded(cell, widths[column] ?? 0)).join(' '.repeat(gap)).trimEnd() + '\n').join(''))
}

/** Characters in a line of the terminal. */
export function columnsOf ({ stdout }: Io): number {
  return stdout.columns !== undefined && stdout.columns > 0 ? stdout.columns : 80
}

/** A moment as people say it: `in 3 d`, `2 h ago`. Milliseconds since 1970. */
export function relative (at: number, now: number): string {
  const seconds = Math.abs(at - now) / 1000
  if (seconds < 60) return 'now'
  const [size, unit] = seconds < 3600 ? [60, 'min'] : seconds < 2 * 86_400 ? [3600, 'h'] : [86_400, 'd']
  const count = `${Math.floor(seconds / size)} ${unit}`
  return at > now ? `in ${count}` : `${count} ago`
}

function padded (cell: string, width: number): string {
  return cell.length > width ? `${cell.slice(0, width - 1)}…` : cell.padEnd(width)
}

/** The widest of those that may give way gives first. */
function fitted (natural: readonly number[], elastic: readonly boolean[], room: number): readonly number[] {
  const widths = [...natural]
  for (;;) {
    const total = widths.reduce((sum, width) => sum + width + gap, -gap)
    const widest = Math.max(...widths.filter((_, column) => elastic[column]), 0)
    if (total <= room || widest <= leastWidth) return widths
    widths[widths.findIndex((width, column) => elastic[column] === true && width === widest)] = Math.max(leastWidth, widest - 1)
  }
}
