/**
 * The drill by command. Usage: `npm run drill [-- --seconds 20] [--markdown]`; seconds: how long each service is away. With `--markdown`
 * it writes its figures into docs/scaling.md.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { openStage } from '../../../scripts/cleanup.js'
import { drill } from './drill.js'
import { section, table } from './report.js'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' }, markdown: { type: 'boolean', default: false } } })
const page = 'docs/scaling.md'
const seconds = Number(values.seconds)
if (!(seconds > 0)) {
  process.stderr.write('usage: npm run drill [-- --seconds 20] [--markdown]\n')
  process.exit(2)
}

const stage = openStage()
try {
  const rows = await drill(stage, { outageMs: seconds * 1000 }, line => process.stderr.write(`${line}\n`))
  const violations = rows.flatMap(({ outage, side, violations }) => violations.map(text => `${outage}, ${side}: ${text}`))
  process.stdout.write(`${table(rows)}\n${violations.length === 0 ? 'no violation' : violations.join('\n')}\n`)
  if (values.markdown) await writeFile(page, section(await readFile(page, 'utf8'), seconds, rows))
  process.exitCode = violations.length === 0 ? 0 : 1
} finally {
  await stage.clear()
}
