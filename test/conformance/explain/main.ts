/** Explanations against what happens, by command. Usage: `npm run explain:proof [-- --requests 10000]`. */
import { runCommand } from '../command.js'
import { compare } from './compare.js'

await runCommand({
  name: 'explain:proof',
  amount: ['requests', '10000'],
  async run (count, stage) {
    const { requests, ends, differences } = await compare(stage, count, 20261128)
    for (const [end, times] of [...ends].sort()) process.stdout.write(`${String(times).padStart(7)}  ${end}\n`)
    for (const difference of differences.slice(0, 50)) process.stdout.write(`differs: ${difference}\n`)
    process.stdout.write(`${requests} requests, explained otherwise than they went: ${differences.length}\n`)
    return differences.length === 0
  }
})
