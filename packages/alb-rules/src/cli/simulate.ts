/** `simulate`: serves rules on this machine, so that a change can be tried before it is made. */
import type { RuleSet } from '../model.js'
import { PortError, startSimulation, type Simulation, type Targets } from '../simulator.js'
import { parse, printJson, UsageError, type Run } from './command.js'
import { load } from './input.js'
import { commandOptions } from './options.js'

/** Runs until SIGTERM or SIGINT. */
export const simulate: Run = async (args, io) => {
  const { values, positionals: [file, ...more] } = parse({
    args,
    allowPositionals: true,
    options: commandOptions.simulate
  })
  if (file === undefined || more.length > 0) throw new UsageError('simulate needs one file of RULES.')
  const port = Number(values.port)
  const isPort = values.port !== undefined && Number.isInteger(port) && port >= 0 && port <= 65535
  if (!isPort) throw new UsageError('--port is the first port to listen on (0 takes free ones).')
  const ruleSet = load(file, io)
  const targets = new Map((values.target ?? []).map(readTarget))
  checkTargets(ruleSet, targets)
  for (const note of notesOf(ruleSet)) io.stderr.write(`${note}\n`)
  const simulation = await started(ruleSet, targets, port)
  if (values.json) printJson(io, { listeners: simulation.listeners })
  else for (const { listener, url } of simulation.listeners) io.stdout.write(`${listener ?? 'listening'}  ${url}\n`)
  await new Promise<void>(resolve => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve())
  })
  await simulation.close()
  return 0
}

async function started (ruleSet: RuleSet, targets: Targets, port: number): Promise<Simulation> {
  try {
    return await startSimulation(ruleSet, targets, port)
  } catch (error) {
    throw error instanceof PortError ? new UsageError(error.message) : error
  }
}

function readTarget (text: string): [name: string, url: URL] {
  const [, name, address] = /^([^=]+)=(https?:\/\/.+)$/.exec(text) ?? []
  if (name === undefined || address === undefined || !URL.canParse(address)) {
    throw new UsageError(`--target takes NAME=URL, such as api=http://127.0.0.1:3000, not ${text}`)
  }
  const url = new URL(address)
  const isBare = url.pathname === '/' && url.search === ''
  if (!isBare) throw new UsageError(`--target ${name}: a load balancer adds no path: give scheme, host and port only.`)
  return [name, url]
}

function checkTargets (ruleSet: RuleSet, targets: Targets): void {
  const actions = ruleSet.listeners.flatMap(({ rules }) => rules).map(({ action }) => action)
  const used = actions.flatMap(action => action.kind === 'forward' ? action.groups.filter(group => group.weight > 0) : [])
  const missing = [...new Set(used.map(({ name }) => name))].filter(name => !targets.has(name))
  if (missing.length > 0) throw new UsageError(`These target groups have no --target NAME=URL: ${missing.join(', ')}`)
}

/** What the load balancer would do and this does not. */
function notesOf ({ listeners }: RuleSet): readonly string[] {
  return listeners.flatMap(({ label, rules }) => rules.flatMap(({ priority, steps, transforms }) => {
    const name = `rule ${priority}${label === null ? '' : ` of ${label}`}`
    return [
      ...steps.map(step => `${name}: ${step.name} is not simulated, everybody passes`),
      ...(transforms.length === 0 ? [] : [`${name}: its rewrite is not simulated`])
    ]
  }))
}
