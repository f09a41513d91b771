/** CSV as RFC 4180 describes it, with a header line. */

/** One row as an object of header names and texts; cells that are missing at the end are left out. Lines are counted from 1. */
export interface CsvRow {
  readonly line: number
  readonly value: Readonly<Record<string, string>>
}

export function parseCsv (text: string): CsvRow[] {
  const [header, ...rows] = recordsOf(text)
  return rows.map(({ line, cells }) => ({
    line,
    // A cell too many has no name, and is reported by whoever knows the names.
    value: Object.fromEntries(cells.map((cell, index) => [header?.cells[index] ?? `cell ${index + 1}`, cell]))
  }))
}

function recordsOf (text: string): Array<{ line: number, cells: string[] }> {
  const records: Array<{ line: number, cells: string[] }> = []
  let line = 1
  let start = 1
  let cells: string[] = []
  // A cell, quoted or not, and what ends it.
  for (const [whole, quoted, plain = '', end = ''] of text.replace(/\r\n?/g, '\n').matchAll(/(?:"((?:[^"]|"")*)"|([^,\n]*))(,|\n|$)/g)) {
    if (whole === '' && cells.length === 0) continue // the end of a text that ends with a line
    cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'))
    line += whole.split('\n').length - 1
    if (end === ',') continue
    if (cells.some(cell => cell !== '')) records.push({ line: start, cells })
    cells = []
    start = line
  }
  return records
}
