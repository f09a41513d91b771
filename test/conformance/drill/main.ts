/** The drill by command. Usage: `npm run drill [-- --seconds 20] [--report docs/drill.md]`; seconds: how long each service is away. */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { openStage } from '../../../scripts/cleanup.js'
import { drill } from './drill.js'
import { table } from './report.js'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '20' }, report: { type: 'string' } } })
const seconds = Number(values.seconds)
if (!(seconds > 0)) {
  process.stderr.write('usage: npm run drill [-- --seconds 20] [--report FILE]\n')
  process.exit(2)
}

const stage = openStage()
try {
  const rows = await drill(stage, seconds * 1000, line => process.stderr.write(`${line}\n`))
  const violations = rows.flatMap(({ outage, side, violations }) => violations.map(text => `${outage}, ${side}: ${text}`))
  process.stdout.write(`${table(rows)}\n${violations.length === 0 ? 'no violation' : violations.join('\n')}\n`)
  if (values.report !== undefined) await writeFile(values.report, table(rows))
  process.exitCode = violations.length === 0 ? 0 : 1
} finally {
  await stage.clear()
}
