/** The drill by command. Usage: `npm run drill [-- --seconds 20] [--markdown docs/scaling.md]`; seconds: how long each service is away. */
import { requireSections, writeSections } from '../../../bench/report.js'
import { runCommand } from '../command.js'
import { drill } from './drill.js'
import { section, table } from './report.js'

await runCommand({
  name: 'drill',
  amount: ['seconds', '20'],
  document: 'markdown',
  async run (seconds, stage, file) {
    if (file !== undefined) requireSections(file, ['drill'])
    const rows = await drill(stage, { outageMs: seconds * 1000 }, line => process.stderr.write(`${line}\n`))
    const violations = rows.flatMap(({ outage, side, violations }) => violations.map(text => `${outage}, ${side}: ${text}`))
    process.stdout.write(`${table(rows)}\n${violations.length === 0 ? 'no violation' : violations.join('\n')}\n`)
    if (file !== undefined) writeSections(file, [section(seconds, rows)])
    return violations.length === 0
  }
})
