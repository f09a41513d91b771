/** What every part of the benchmark stands on: cores, a scratch folder, the stub, a key, and peers that are started anew each time. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../scripts/mlflow/ports.js'
import { load, type Load, type LoadOptions } from './load.js'
import { BenchError, makeScratch, pickCores, requireTools } from './machine.js'
import { startPeer } from './peers.js'
import { cleanUpAtExit, memoryOf, processorTimeOf } from './processes.js'
import { createKey, startStub, type Peer, type Place } from './start.js'

export interface Stand {
  readonly scratch: string
  /** Where the artifacts of the stub are. */
  readonly artifacts: string
  /** For the load generator and the stub. */
  readonly loadCore: number
  readonly peerCore: number
  /** On loopback: the stub, or an MLflow. */
  readonly upstreamPort: number
  readonly key: string
  readonly dataDir: string
  /**
   * Starts a peer anew, so that no lucky or unlucky state of one process decides the result, and stops it after use.
   * @throws BenchError with the peer's name before what went wrong
   */
  withPeer: <T>(name: string, use: (peer: Peer) => Promise<T>, start?: (place: Place) => Promise<Peer>) => Promise<T>
}

interface StandOptions {
  /** Room for files in the scratch folder. */
  readonly bytes: number
  /** An MLflow in place of the stub. */
  readonly upstreamPort?: number
}

/** @throws BenchError when the machine lacks something */
export async function openStand ({ bytes, upstreamPort }: StandOptions): Promise<Stand> {
  requireTools()
  const cores = pickCores()
  const scratch = makeScratch(bytes)
  cleanUpAtExit(scratch)
  const [artifacts, dataDir] = [join(scratch, 'artifacts'), join(scratch, 'facade')]
  mkdirSync(artifacts)
  const port = upstreamPort ?? await freePort()
  const key = createKey(dataDir)
  if (upstreamPort === undefined) await startStub(scratch, artifacts, port, cores.load)
  return { scratch, artifacts, loadCore: cores.load, peerCore: cores.peer, upstreamPort: port, key, dataDir, withPeer }

  async function withPeer<T> (name: string, use: (peer: Peer) => Promise<T>, start?: (place: Place) => Promise<Peer>): Promise<T> {
    const folder = mkdtempSync(join(scratch, 'peer-'))
    let peer: Peer | undefined
    try {
      const place = { folder, dataDir, upstreamPort: port, core: cores.peer, key }
      peer = await (start?.(place) ?? startPeer(name, place))
      return await use(peer)
    } catch (error) {
      throw error instanceof BenchError ? new BenchError(`${name}: ${error.message}`) : error
    } finally {
      await peer?.process?.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

/** One measurement under load. */
export interface Rate extends Load {
  /** Of the peer and all that it started, for one request, in microseconds; undefined: it is the stub. */
  readonly processorUs: number | undefined
  /** Resident memory of all of them afterwards. */
  readonly residentBytes: number | undefined
}

type RateOptions = Pick<LoadOptions, 'calls' | 'seconds' | 'connections'>

/** So many are answered before a measurement: fewer, and V8 has not compiled what it will. */
const warmUpRequests = 15_000
/** On a machine that is too busy for that. */
const warmUpsMax = 4

/** Loads a peer for some seconds, and again where it had too few requests in them. */
export async function warmUp (peer: Peer, stand: Stand, options: RateOptions): Promise<void> {
  let requests = 0
  for (let turn = 0; turn < warmUpsMax && requests < warmUpRequests; turn++) requests += (await measureRate(peer, stand, options)).requests
}

/** Loads a peer and counts its processor time. */
export async function measureRate ({ url, process }: Peer, stand: Stand, options: RateOptions): Promise<Rate> {
  const all = { core: stand.loadCore, key: stand.key, scratch: stand.scratch, ...options }
  if (process === undefined) return { ...await load(url, all), processorUs: undefined, residentBytes: undefined }
  const before = processorTimeOf(process.groups)
  const measured = await load(url, all)
  const processorUs = (processorTimeOf(process.groups) - before) / measured.requests
  return { ...measured, processorUs, residentBytes: memoryOf(process.groups).residentBytes }
}

/** A line for who waits. */
export function say (line: string): void {
  process.stderr.write(`${line}\n`)
}
