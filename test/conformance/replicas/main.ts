/** The rolling restart by command. Usage: `npm run replicas [-- --requests 100000]`. */
import { parseArgs } from 'node:util'
import { openStage } from '../../../scripts/cleanup.js'
import { roll, startReplicas } from './roll.js'

const { values } = parseArgs({ options: { requests: { type: 'string', default: '100000' } } })
const requests = Number(values.requests)
if (!(requests > 0)) {
  process.stderr.write('usage: npm run replicas [-- --requests 100000]\n')
  process.exit(2)
}

const stage = openStage()
try {
  const { requests: made, failures, restarts, seconds, arrived, twice } = await roll(await startReplicas(stage), requests)
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0)
  process.stdout.write(`${made} requests, ${failed} failed; ${arrived} writes arrived, ${twice} of them twice; ${restarts} restarts in ${Math.round(seconds)} s\n`)
  for (const [failure, count] of failures) process.stdout.write(`${count} x ${failure}\n`)
  process.exitCode = failed + twice === 0 ? 0 : 1
} finally {
  await stage.clear()
}
