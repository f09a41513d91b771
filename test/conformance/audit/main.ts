/** Audit events against what was sent, by command. Usage: `npm run audit:proof [-- --calls 10000]`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../command.js'
import { differences, replay, type Tally } from './replay.js'

const sum = (tally: Tally): number => [...tally.values()].reduce((total, count) => total + count, 0)

await runCommand({
  name: 'audit:proof',
  amount: ['calls', '10000'],
  async run (total, stage) {
    const dir = mkdtempSync(join(tmpdir(), 'audit-'))
    stage.teardown(() => rmSync(dir, { recursive: true, force: true }))
    const { calls, expected, found, missing } = await replay(stage, dir, total)
    for (const [name, count] of [...expected].sort()) process.stdout.write(`${String(count).padStart(7)}  ${name}\n`)
    const problems = differences(expected, found)
    for (const problem of problems) process.stdout.write(`differs: ${problem}\n`)
    process.stdout.write(`${calls} calls; numbers missing ${missing}\n`)
    process.stdout.write(`audit events expected ${sum(expected)}, found ${sum(found)}\n`)
    return problems.length + missing === 0
  }
})
