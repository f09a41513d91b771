/** The drill by command. Usage: `npm run drill [-- --seconds 20] [--report docs/drill.md]`; seconds: how long each service is away. */
import { writeFile } from 'node:fs/promises'
import { runCommand } from '../command.js'
import { drill } from './drill.js'
import { table } from './report.js'

await runCommand({
  name: 'drill',
  amount: ['seconds', '20'],
  reports: true,
  async run (seconds, stage, report) {
    const rows = await drill(stage, seconds * 1000, line => process.stderr.write(`${line}\n`))
    const violations = rows.flatMap(({ outage, side, violations }) => violations.map(text => `${outage}, ${side}: ${text}`))
    process.stdout.write(`${table(rows)}\n${violations.length === 0 ? 'no violation' : violations.join('\n')}\n`)
    if (report !== undefined) await writeFile(report, table(rows))
    return violations.length === 0
  }
})
