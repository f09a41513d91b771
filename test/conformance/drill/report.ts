/** The figures of a drill as a table in Markdown. */
import { availableParallelism } from 'node:os'
import type { Section } from '../../../bench/report.js'
import { markdownTable } from '../../../scripts/markdown.js'
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
  return markdownTable(columns.map(([title]) => title), rows.map(row => columns.map(([, value]) => value(row))), 2)
}

/** What a document holds of it. */
export function section (seconds: number, rows: readonly Row[]): Section {
  const conditions = `Each service was away for ${seconds} s, and then there again for as long; ${availableParallelism()} cores, Node ${process.version}.`
  return { name: 'drill', markdown: `${table(rows)}\n\`npm run drill\`. ${conditions}\n` }
}
