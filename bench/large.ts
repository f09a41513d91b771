/** Large artifacts through a peer, down and up: what a GiB costs in processor time and in memory. */
import { execFile } from 'node:child_process'
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { markdownTable } from '../scripts/markdown.js'
import { read } from './load.js'
import { BenchError } from './machine.js'
import type { Options } from './options.js'
import { memoryOf, processorTimeOf, resetPeak } from './processes.js'
import { decimals, mebibytes, millions, type Section } from './report.js'
import { say, type Stand } from './stand.js'
import type { Peer } from './start.js'
import { median, ratioOfRounds } from './statistics.js'

/** One artifact down and up. */
export interface Transfer {
  /** Bytes a second. */
  readonly down: number
  readonly up: number
  /** Processor seconds of the peer; undefined for the stub itself. */
  readonly downSeconds?: number
  readonly upSeconds?: number
  /** Resident memory of the idle process, and what its peak during the transfers is above that. */
  readonly idleBytes?: number
  readonly growthBytes?: number
}

/** One per round, by the names of the peers. */
export type Transfers = ReadonlyMap<string, readonly Transfer[]>

export const artifactBytes = 1024 ** 3
/** Memory that transfers of any size may add to the idle facade. */
const growthCeilingBytes = 48 * 1024 ** 2
/** So that what starting up has left is collected, and does not count as idle memory or as growth. */
const warmUpCalls = 100
const artifact = 'model.bin'

/** Moves the artifact through the peers in turns, one transfer at a time. */
export async function measureLarge (stand: Stand, { names, rounds }: Options): Promise<Transfers> {
  // Its holes are read as zeros, which no peer looks at.
  writeFileSync(join(stand.artifacts, artifact), '')
  truncateSync(join(stand.artifacts, artifact), artifactBytes)
  const moved = new Map<string, Transfer[]>(names.map(name => [name, []]))
  for (let round = 1; round <= rounds; round++) {
    for (const [name, measured] of moved) {
      const transfer = await stand.withPeer(name, async peer => await measureTransfer(peer, stand))
      measured.push(transfer)
      say(`round ${round}  ${name.padEnd(20)} ${decimals(transfer.downSeconds)} s of processor time a GiB down, ${decimals(transfer.upSeconds)} up, +${mebibytes(transfer.growthBytes)} MiB`)
    }
  }
  return moved
}

/** @throws BenchError when a transfer was refused or came out short */
async function measureTransfer (peer: Peer, stand: Stand): Promise<Transfer> {
  const headers = { authorization: `Bearer ${stand.key}` }
  for (let count = 0; count < warmUpCalls; count++) {
    const answer = await fetch(peer.url + read, { headers, signal: AbortSignal.timeout(10_000) })
    await answer.text()
  }
  const groups = peer.process?.groups ?? []
  const idle = memoryOf(groups)
  resetPeak(groups)
  const url = `${peer.url}/api/2.0/mlflow-artifacts/artifacts`
  const stored = join(stand.artifacts, 'upload.bin')
  const seconds = [processorTimeOf(groups)]
  const down = await move(stand, [`${url}/${artifact}`], '%{size_download}')
  seconds.push(processorTimeOf(groups))
  const up = await move(stand, ['-T', join(stand.artifacts, artifact), '-H', 'Expect:', `${url}/upload.bin`], '%{size_upload}')
  seconds.push(processorTimeOf(groups))
  const storedBytes = statSync(stored).size
  rmSync(stored)
  if (storedBytes !== artifactBytes) throw new BenchError(`An upload of ${artifactBytes} bytes was stored as ${storedBytes}.`)
  if (peer.process === undefined) return { down, up }
  const [start = 0, between = 0, end = 0] = seconds
  const memory = { idleBytes: idle.residentBytes, growthBytes: memoryOf(groups).peakBytes - idle.residentBytes }
  return { down, up, downSeconds: (between - start) / 1e6, upSeconds: (end - between) / 1e6, ...memory }
}

/** @returns bytes per second */
async function move ({ loadCore, key }: Stand, argv: readonly string[], size: string): Promise<number> {
  const format = `%{http_code} ${size} %{time_total}`
  const curl = ['curl', '-sS', '--max-time', '300', '-o', '/dev/null', '-w', format, '-H', `Authorization: Bearer ${key}`, ...argv]
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(loadCore), ...curl], { timeout: 310_000, killSignal: 'SIGKILL' })
  const [status = 0, bytes = 0, seconds = 0] = stdout.split(' ').map(Number)
  if (status < 200 || status > 299 || bytes !== artifactBytes) throw new BenchError(`A transfer of ${artifactBytes} bytes ended with ${status} after ${bytes}.`)
  return bytes / seconds
}

export function largeSections (transfers: Transfers, caption: string): readonly Section[] {
  const header = ['peer', 's a GiB down', 'x nginx', 's a GiB up', 'x nginx', 'down MB/s', 'up MB/s', 'idle MiB', 'MiB more']
  const rows = [...transfers].map(([name, measured]) => {
    const middle = (value: (transfer: Transfer) => number | undefined): number => median(measured.flatMap(one => value(one) ?? []))
    return [
      name,
      decimals(middle(({ downSeconds }) => downSeconds)), decimals(cost(transfers, name, 'downSeconds')),
      decimals(middle(({ upSeconds }) => upSeconds)), decimals(cost(transfers, name, 'upSeconds')),
      millions(middle(({ down }) => down)), millions(middle(({ up }) => up)),
      mebibytes(middle(({ idleBytes }) => idleBytes)),
      mebibytes(middle(({ growthBytes }) => growthBytes))
    ]
  })
  const method = '1 GiB down, then up, one at a time; processor time of the peer and all that it needs (less is better), memory at its peak above the idle process; medians of the rounds.'
  return [{ name: 'large', markdown: `${markdownTable(header, rows)}\n${method} ${caption}\n` }]
}

/** A sentence for each stated bound that the facade misses, in any round. */
export function largeShortfalls (transfers: Transfers): readonly string[] {
  const most = Math.max(...(transfers.get('facade') ?? []).map(({ growthBytes }) => growthBytes ?? Number.NaN))
  return most < growthCeilingBytes ? [] : [`The facade grows by ${mebibytes(most)} MiB under 1 GiB transfers; it must stay under ${mebibytes(growthCeilingBytes)}.`]
}

/** Times nginx's processor time, medians of the ratios within a round. */
function cost (transfers: Transfers, name: string, way: 'downSeconds' | 'upSeconds'): number | undefined {
  const times = (peer: string): Array<number | undefined> => (transfers.get(peer) ?? []).map(transfer => transfer[way])
  return ratioOfRounds(times('nginx-auth_request'), times(name))
}
