/** The figures of a drill as a table in Markdown. */
import { cpus } from 'node:os'
import type { Row } from './drill.js'

const columns: ReadonlyArray<readonly [title: string, value: (row: Row) => string | number]> = [
  ['service away', ({ outage }) => outage],
  ['keys in', ({ side }) => side === 'postgres' ? 'PostgreSQL, two facades' : 'auth service, one facade'],
  ['calls', ({ requests }) => requests],
  ['2xx', ({ served }) => served],
  ['401 of ended keys', ({ refused }) => refused],
  ['503', ({ unavailable }) => unavailable],
  ['429', ({ limited }) => limited],
  ['longest time without a 2xx for a good key, ms', ({ longestGapMs }) => Math.round(longestGapMs)],
  ['last 2xx after the end of a key, ms', ({ worstEndMs }) => Math.round(worstEndMs)],
  ['transfer ended after, ms', ({ worstTransferMs }) => Math.round(worstTransferMs)],
  ['violations', ({ violations }) => violations.length]
]

export function table (rows: readonly Row[]): string {
  const lines = [columns.map(([title]) => title), columns.map((_, index) => index < 2 ? '---' : '--:'), ...rows.map(row => columns.map(([, value]) => value(row)))]
  return lines.map(cells => `| ${cells.join(' | ')} |\n`).join('')
}

const begin = '<!-- Made by `npm run drill -- --markdown`. -->\n'
const end = '<!-- End of what the drill made. -->\n'

/** @returns the page with these figures in the place of the last ones */
export function section (page: string, seconds: number, rows: readonly Row[]): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)]
  if (from < 0 || to < from) throw new Error('The page has no place for the figures of the drill.')
  const said = `\nEach service was away for ${seconds} s, and then there again for as long; ${cpus().length} cores, Node ${process.version}.\n\n`
  return `${page.slice(0, from)}${begin}${said}${table(rows)}\n${page.slice(to)}`
}
