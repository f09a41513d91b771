/** Large artifacts through a peer, down and up: how fast, and what they cost in memory. */
import { execFile } from 'node:child_process'
import { rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { BenchError } from './machine.js'
import { call, type Peer, type Setting } from './peers.js'
import { memoryOf, resetPeak } from './processes.js'
import { median } from './report.js'

export interface Transfer {
  readonly downBytesPerSecond: number
  readonly upBytesPerSecond: number
  /** Peak resident memory during the transfers; undefined for the stub itself. */
  readonly peakBytes: number | undefined
  /** The peak less the resident memory of the idle process. */
  readonly growthBytes: number | undefined
}

export const artifactBytes = 1024 ** 3
const repeats = 3
/** So that what starting up has left is collected, and does not count as idle memory or as growth. */
const warmUpCalls = 100
const artifact = 'model.bin'

/** Makes the artifact that is downloaded and uploaded; its holes are read as zeros, which no peer looks at. */
export function makeArtifact (artifacts: string): void {
  writeFileSync(join(artifacts, artifact), '')
  truncateSync(join(artifacts, artifact), artifactBytes)
}

/**
 * Moves the artifact down and up, in turns, one at a time.
 * @throws BenchError when a transfer was refused or came out short
 */
export async function measureTransfer (peer: Peer, setting: Setting, loadCore: number): Promise<Transfer> {
  const url = `${peer.url}/api/2.0/mlflow-artifacts/artifacts`
  for (let count = 0; count < warmUpCalls; count++) await (await fetch(peer.url + call, { headers: { authorization: `Bearer ${setting.key}` } })).text()
  const groups = peer.process?.groups
  const idle = groups === undefined ? undefined : memoryOf(groups)
  if (groups !== undefined) resetPeak(groups)
  const down: number[] = []
  const up: number[] = []
  for (let turn = 0; turn < repeats; turn++) {
    down.push(await move([`${url}/${artifact}`], '%{size_download}'))
    up.push(await move(['-T', join(setting.artifacts, artifact), '-H', 'Expect:', `${url}/upload-${turn}.bin`], '%{size_upload}'))
    const stored = join(setting.artifacts, `upload-${turn}.bin`)
    if (statSync(stored).size !== artifactBytes) throw new BenchError(`An upload of ${artifactBytes} bytes was stored as ${statSync(stored).size}.`)
    rmSync(stored)
  }
  const peakBytes = groups === undefined ? undefined : memoryOf(groups).peakBytes
  return { downBytesPerSecond: median(down), upBytesPerSecond: median(up), peakBytes, growthBytes: peakBytes === undefined || idle === undefined ? undefined : peakBytes - idle.residentBytes }

  /** @returns bytes per second */
  async function move (argv: readonly string[], size: string): Promise<number> {
    const { stdout } = await promisify(execFile)('taskset', ['-c', String(loadCore), 'curl', '-sS', '--max-time', '300', '-o', '/dev/null', '-w', `%{http_code} ${size} %{time_total}`, '-H', `Authorization: Bearer ${setting.key}`, ...argv])
    const [status = 0, bytes = 0, seconds = 0] = stdout.split(' ').map(Number)
    if (status < 200 || status > 299 || bytes !== artifactBytes) throw new BenchError(`A transfer of ${artifactBytes} bytes ended with ${status} after ${bytes}.`)
    return bytes / seconds
  }
}
