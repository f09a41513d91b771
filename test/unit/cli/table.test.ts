import t from 'tap'
import { printTable, relative, type Column } from '../../../src/cli/table.js'

interface Row { readonly id: string, readonly at: string, readonly name: string }

const columns: ReadonlyArray<Column<Row>> = [
  { head: 'ID', cell: ({ id }) => id },
  { head: 'HINT', cell: () => 'a hint that only wide tables have', brief: null },
  { head: 'AT', cell: ({ at }) => at, brief: () => '2 d ago' },
  { head: 'NAME', cell: ({ name }) => name, elastic: true }
]
const rows: readonly Row[] = [
  { id: 'key_1', at: '2026-11-28T10:00:00.000Z', name: 'short' },
  { id: 'key_2', at: '2026-11-26T10:00:00.000Z', name: 'x'.repeat(100) }
]

function printed (terminal: { readonly isTTY: boolean, readonly columns?: number }, wide?: boolean): string[] {
  let text = ''
  const stream = { write: (part: string) => { text += part } }
  printTable({ stdout: { ...stream, ...terminal }, stderr: stream, env: {} }, columns, rows, wide)
  return text.trimEnd().split('\n')
}

t.test('a table fits the terminal, and says where it is cut', async t => {
  for (const room of [40, 80, 132]) {
    const lines = printed({ isTTY: true, columns: room })
    for (const line of lines) t.ok(line.length <= room, line)
    t.match(lines[0], /^ID +AT +NAME$/)
    t.match(lines[2], /^key_2 {2}2 d ago {2}x+…?$/)
    t.equal(lines[2]?.length, Math.min(room, 116))
  }
  t.ok(printed({ isTTY: true }).every(line => line.length <= 80), '80 where the terminal does not say')
})

t.test('a pipe and --wide get all of it', async t => {
  const all = printed({ isTTY: false })
  t.strictSame(printed({ isTTY: true, columns: 40 }, true), all)
  t.match(all[2], /a hint.* 2026-11-26T10:00:00\.000Z {2}x{100}$/)
})

t.test('a terminal that has no room at all still gets a table', async t => {
  t.equal(printed({ isTTY: true, columns: 5 }).length, 3)
})

t.test('times as people say them', async t => {
  const now = Date.parse('2026-11-28T10:00:00Z')
  const said = (time: string): string => relative(Date.parse(time), now)
  t.equal(said('2026-11-28T10:00:30Z'), 'now')
  t.equal(said('2026-11-28T09:58:59Z'), '1 min ago')
  t.equal(said('2026-11-28T15:10:00Z'), 'in 5 h')
  t.equal(said('2026-11-26T09:00:00Z'), '2 d ago')
  t.equal(said('2027-02-26T10:00:00Z'), 'in 90 d')
})
