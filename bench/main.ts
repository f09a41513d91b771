/** `npm run bench`: the facade beside its peers on this machine, in one run, as a Markdown table. */
import { mkdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from '../scripts/mlflow/ports.js'
import { kindsOfCalls, load, type Calls } from './load.js'
import { BenchError, describeMachine, makeScratch, pickCores, requireTools, type Cores } from './machine.js'
import { createKey, peers, startStub, type Peer, type Setting } from './peers.js'
import { cleanUpAtExit, processorTimeOf } from './processes.js'
import { shortfalls, toMarkdown, type Rate, type Results } from './report.js'
import { artifactBytes, makeArtifact, measureTransfer, type Transfer } from './transfer.js'

const usage = `Usage: npm run bench -- [OPTIONS]

Measures the facade beside its peers (${Object.keys(peers).join(', ')}).

  --seconds N       length of a measurement (5)
  --rounds N        how often each peer is measured, in turns (5)
  --only A,B        these peers only
  --calls KIND      get, post (a batch of 20 metrics), or mix (7 to 3) (get)
  --no-transfers    leave out the 1 GiB transfers
  --check           exit 1 when the facade is below the stated floors
  --workers         compare one worker with two instead
  --profile FOLDER  measure the facade alone, and leave V8 CPU profiles of it in FOLDER
`

const warmUpSeconds = 2

interface Options {
  readonly seconds: number
  readonly rounds: number
  readonly names: readonly string[]
  readonly calls: Calls
  readonly transfers: boolean
  readonly check: boolean
  readonly profile: string | undefined
}

/** @returns the exit code: 0 fine, 1 below a floor or impossible, 2 wrong usage */
async function main (): Promise<number> {
  let options: Options
  try {
    options = readOptions()
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`)
    return 2
  }
  const results = await measure(options)
  process.stdout.write(toMarkdown(results, describeMachine(), options))
  const problems = options.check ? shortfalls(results) : []
  for (const problem of problems) process.stderr.write(`${problem}\n`)
  return problems.length === 0 ? 0 : 1
}

async function measure ({ seconds, rounds, names, calls, transfers, profile }: Options): Promise<Results> {
  requireTools()
  const cores = pickCores()
  const scratch = makeScratch(artifactBytes)
  cleanUpAtExit(scratch)
  const artifacts = join(scratch, 'artifacts')
  mkdirSync(artifacts)
  makeArtifact(artifacts)
  const stubPort = await freePort()
  const setting: Setting = { scratch, artifacts, stubPort, core: cores.peer, key: createKey(scratch), profile }
  const stub = await startStub(scratch, artifacts, stubPort, cores.load)

  const rates = new Map<string, Rate[]>(names.map(name => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const [name, measured] of rates) {
      const rate = await withPeer(name, setting, async peer => await measureWarm(peer, setting, cores, { seconds, calls }))
      measured.push(rate)
      process.stderr.write(`round ${round}  ${name.padEnd(20)} ${Math.round(rate.requestsPerSecond)} requests/s, ${rate.processorUs === undefined ? '–' : rate.processorUs.toFixed(1)} us of processor time each\n`)
    }
  }
  const moved = new Map<string, Transfer>()
  for (const name of transfers ? names : []) {
    process.stderr.write(`1 GiB down and up through ${name}\n`)
    moved.set(name, await withPeer(name, setting, async peer => await measureTransfer(peer, setting, cores.load)))
  }
  await stub.stop()
  return Object.fromEntries(names.map(name => [name, { rates: rates.get(name) ?? [], transfer: moved.get(name) }]))
}

/** Starts a peer anew for each measurement, so that no lucky or unlucky state of one process decides the result. */
async function withPeer<T> (name: string, setting: Setting, use: (peer: Peer) => Promise<T>): Promise<T> {
  const peer = await peers[name]?.(setting)
  if (peer === undefined) throw new BenchError(`There is no peer ${name}.`)
  try {
    return await use(peer)
  } catch (error) {
    throw error instanceof BenchError ? new BenchError(`${name}: ${error.message}`) : error
  } finally {
    await peer.process?.stop()
  }
}

async function measureWarm ({ url, process }: Peer, { key, scratch }: Setting, cores: Cores, { seconds, calls }: { readonly seconds: number, readonly calls: Calls }): Promise<Rate> {
  const options = { core: cores.load, key, calls, scratch }
  await load(url, { ...options, seconds: warmUpSeconds })
  const before = process === undefined ? undefined : processorTimeOf(process.groups)
  const measured = await load(url, { ...options, seconds })
  const processorUs = process === undefined || before === undefined ? undefined : (processorTimeOf(process.groups) - before) / measured.requests
  return { ...measured, processorUs }
}

function readOptions (): Options {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '5' },
      only: { type: 'string' },
      calls: { type: 'string', default: 'get' },
      'no-transfers': { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false }
    }
  })
  if (values.help) {
    process.stdout.write(usage)
    process.exit(0)
  }
  const wanted = values.profile === undefined ? values.only?.split(',') : ['facade']
  const unknown = wanted?.find(name => !Object.hasOwn(peers, name))
  if (unknown !== undefined) throw new Error(`There is no peer "${unknown}".`)
  const names = Object.keys(peers).filter(name => wanted?.includes(name) ?? true)
  const calls = kindsOfCalls.find(kind => kind === values.calls)
  if (calls === undefined) throw new Error(`--calls is one of ${kindsOfCalls.join(', ')}, not "${values.calls}".`)
  const transfers = !values['no-transfers'] && values.profile === undefined
  if (values.check && !(transfers && names.includes('facade') && names.includes('http-proxy'))) throw new Error('--check needs facade and http-proxy, with the transfers.')
  return { seconds: count('seconds', values.seconds), rounds: count('rounds', values.rounds), names, calls, transfers, check: values.check, profile: values.profile === undefined ? undefined : resolve(values.profile) }
}

function count (name: string, text: string): number {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number above 0, not "${text}".`)
  return value
}

try {
  process.exitCode = process.argv.includes('--workers') ? await (await import('./workers.js')).compareWorkers() : await main()
} catch (error) {
  process.stderr.write(error instanceof BenchError ? `${error.message}\n` : `${(error as Error).stack}\n`)
  process.exit(1) // the stub may still run
}
