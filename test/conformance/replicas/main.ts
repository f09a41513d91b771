/** The rolling restart by command. Usage: `npm run replicas [-- --requests 100000]`. */
import { runCommand } from '../command.js'
import { roll, startReplicas } from './roll.js'

await runCommand({
  name: 'replicas',
  amount: ['requests', '100000'],
  async run (requests, stage) {
    const { requests: made, failures, restarts, seconds, arrived, twice } = await roll(await startReplicas(stage), requests)
    const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
    process.stdout.write(`${made} requests, ${failed} failed; ${arrived} writes arrived, ${twice} of them twice; ${restarts} restarts in ${Math.round(seconds)} s\n`)
    for (const [failure, count] of failures) process.stdout.write(`${count} x ${failure}\n`)
    return failed + twice === 0
  }
})
