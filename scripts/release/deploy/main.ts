/** `scripts/deploy-dev`: the deployment of docs/deployment.md on one machine, with the load balancer simulated. A row for each step; a failed one is rolled back. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openStage } from '../../cleanup.js'
import { openDeployment, production } from './steps.js'

const usage = `Usage: scripts/deploy-dev [OPTIONS]

Brings up the platform's stand-ins behind the old rules, a real MLflow, the
facade, and then the new rules, with checks after each step. When one fails,
the old rules come back. It then stays up until it is interrupted.

  --once          end when all steps are through
  --port PORT     port of the simulated HTTP listener; HTTPS has the next one
                  (default 8000)
  --mlflow X.Y.Z  version of MLflow (default ${production}, as in production)
  --fail-at STEP  let this step fail, to rehearse the way back

Exit codes: 0 deployed, 1 a step failed and was rolled back, 2 wrong usage.
`

const given = readArguments()
const stage = openStage()
try {
  process.exitCode = await deploy()
} finally {
  await stage.clear()
}

async function deploy (): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'hokusai-deploy-'))
  stage.teardown(async () => await rm(folder, { recursive: true, force: true, maxRetries: 3 }))
  await mkdir(join(folder, 'mlflow'))
  const { steps, rollBack, greeting } = openDeployment(stage, { folder, port: given.port, mlflowVersion: given.mlflow })
  if (given.failAt !== undefined && !steps.some(({ id }) => id === given.failAt)) complain(`There is no step ${given.failAt}: ${steps.map(({ id }) => id).join(', ')}.`)
  for (const { id, promise, run } of steps) {
    const begun = performance.now()
    const problem = await run().then(() => given.failAt === id ? 'it is told to fail' : undefined, (error: unknown) => error instanceof Error ? error.message : String(error))
    row(problem === undefined ? 'ok' : 'FAILED', begun, id, problem ?? promise)
    if (problem === undefined) continue
    const back = performance.now()
    await rollBack()
    row('ok', back, 'roll back', 'the old rules are in force, and every old consumer gets what it got before')
    return 1
  }
  if (given.once) {
    process.stdout.write('\nAll steps are through; what was started ends with this command (without --once it stays up).\n')
    return 0
  }
  process.stdout.write(`\n${greeting()}\n`)
  await delay(2 ** 31 - 1)
  return 0
}

function row (outcome: string, begunAt: number, id: string, text: string): void {
  process.stdout.write(`${outcome.padEnd(7)} ${((performance.now() - begunAt) / 1000).toFixed(1).padStart(6)} s  ${id.padEnd(12)} ${text}\n`)
}

function readArguments (): { readonly once: boolean, readonly port: number, readonly mlflow: string, readonly failAt: string | undefined } {
  try {
    const { values } = parseArgs({ options: { once: { type: 'boolean', default: false }, port: { type: 'string', default: '8000' }, mlflow: { type: 'string', default: production }, 'fail-at': { type: 'string' }, help: { type: 'boolean', default: false } } })
    if (values.help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    const port = Number(values.port)
    if (!Number.isInteger(port) || port < 1 || port > 65534) complain('--port is a port from 1 to 65534.')
    return { once: values.once, port, mlflow: values.mlflow, failAt: values['fail-at'] }
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error))
  }
}

function complain (message: string): never {
  process.stderr.write(`${message}\n\n${usage}`)
  process.exit(2)
}
