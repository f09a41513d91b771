/**
 * `npm run bench -- --workers`: one worker and two, in turns. Load and stub need a part of the two cores that the workers could have,
 * so the rate is that of this machine; what the facade's own processor time says is what two cores give that do nothing else.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../scripts/mlflow/ports.js'
import { connections, load } from './load.js'
import { describeMachine, makeScratch, pickCores, requireTools, type Cores } from './machine.js'
import { createKey, startFacade, startStub } from './peers.js'
import { cleanUpAtExit, processorTimeOf } from './processes.js'
import { median } from './report.js'

const rounds = 5
/** Each worker compiles its hot paths by itself. */
const warmUpSeconds = 4
const seconds = 5

interface Measured {
  readonly requestsPerSecond: number
  readonly p99Ms: number
  /** Of all processes of the facade, for one request. */
  readonly processorUs: number
  /** Of the facade, in each second: 2 where it had both cores for itself. */
  readonly cores: number
}

interface Setting {
  readonly scratch: string
  readonly artifacts: string
  readonly stubPort: number
  readonly cores: Cores
  readonly key: string
}

/** Measures, and prints a table. @returns the exit code */
export async function compareWorkers (): Promise<number> {
  requireTools()
  const cores = pickCores()
  const scratch = makeScratch(0)
  cleanUpAtExit(scratch)
  const artifacts = join(scratch, 'artifacts')
  mkdirSync(artifacts)
  const stubPort = await freePort()
  const setting = { scratch, artifacts, stubPort, cores, key: createKey(scratch) }
  const stub = await startStub(scratch, artifacts, stubPort, cores.load)
  const found = new Map<number, Measured[]>([[1, []], [2, []]])
  for (let round = 1; round <= rounds; round++) {
    for (const [workers, measured] of found) {
      const one = await measure(workers, setting)
      measured.push(one)
      process.stderr.write(`round ${round}  WORKERS=${workers}  ${Math.round(one.requestsPerSecond)} requests/s, `)
      process.stderr.write(`${one.processorUs.toFixed(1)} us of processor time each, on ${one.cores.toFixed(2)} cores\n`)
    }
  }
  await stub.stop()
  process.stdout.write(toMarkdown(found.get(1) ?? [], found.get(2) ?? []))
  return 0
}

async function measure (workers: number, { scratch, artifacts, stubPort, cores, key }: Setting): Promise<Measured> {
  const place = { scratch, artifacts, stubPort, key, core: `${cores.load},${cores.peer}`, profile: undefined }
  const { url, process: facade } = await startFacade(place, { WORKERS: String(workers) })
  const groups = facade?.groups ?? []
  try {
    const options = { core: cores.load, key, calls: 'get', connections: workers * connections, scratch } as const
    await load(url, { ...options, seconds: warmUpSeconds })
    const [before, start] = [processorTimeOf(groups), performance.now()]
    const { requests, requestsPerSecond, p99Ms } = await load(url, { ...options, seconds })
    const usedUs = processorTimeOf(groups) - before
    return { requestsPerSecond, p99Ms, processorUs: usedUs / requests, cores: usedUs / 1000 / (performance.now() - start) }
  } finally {
    await facade?.stop()
  }
}

function toMarkdown (one: readonly Measured[], two: readonly Measured[]): string {
  const middle = (measured: readonly Measured[], field: keyof Measured): number => median(measured.map(each => each[field]))
  const row = (workers: number, measured: readonly Measured[]): string => `| ${[
    workers,
    Math.round(middle(measured, 'requestsPerSecond')).toLocaleString('en'),
    middle(measured, 'p99Ms').toFixed(1),
    middle(measured, 'processorUs').toFixed(1),
    middle(measured, 'cores').toFixed(2)
  ].join(' | ')} |`
  const ratios = (value: (one: Measured, two: Measured) => number): number => median(one.map((each, round) => value(each, two[round] ?? each)))
  const measured = ratios((one, two) => two.requestsPerSecond / one.requestsPerSecond)
  const free = ratios((one, two) => 2 * one.processorUs / two.processorUs)
  return `| workers | requests/s | p99 ms | us of processor time a request | cores that the facade had |
| --- | --: | --: | --: | --: |
${row(1, one)}
${row(2, two)}

Two workers serve ${measured.toFixed(2)} x what one serves, with load and stub on one of the two cores. On two cores of their own they would
serve ${free.toFixed(2)} x, by the processor time of a request.

${describeMachine()}. ${connections} connections for each worker (fewer would leave each less to do at once, which costs more a request), ${rounds} rounds of ${seconds} s in turns, medians; ratios within a round.
`
}
