/** The machine under the benchmark: its tools, two cores to pin to, a scratch folder, and its name for the report. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, statfsSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

/** What keeps the benchmark from running or from meaning anything, as one sentence for people. */
export class BenchError extends Error {}

/** Wrong use, as one sentence for people. */
export class UsageError extends Error {}

export interface Cores {
  /** Load generator and stub. */
  readonly load: number
  /** The peer under test, alone. */
  readonly peer: number
}

/** The programs that are not part of Node, with the Debian package of each. */
const tools: Readonly<Record<string, string>> = { nginx: 'nginx-light', wrk: 'wrk', curl: 'curl', taskset: 'util-linux' }

/** @throws BenchError that names every missing program and how to get it */
export function requireTools (): void {
  const missing = Object.keys(tools).filter(tool => !isInstalled(tool))
  if (missing.length === 0) return
  throw new BenchError(`The benchmark needs ${missing.join(' and ')}: apt-get install ${missing.map(tool => tools[tool]).join(' ')}`)
}

/** The first two cores that this process may use, so that it also runs in a container with a CPU set. */
export function pickCores (): Cores {
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  const allowed = list.split(',').flatMap(range => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
  const [load, peer] = allowed
  if (load === undefined || peer === undefined) throw new BenchError('The benchmark needs two cores: one for the load, one for the peer under test.')
  return { load, peer }
}

/** A new folder in memory where there is room for the artifact, its copy and the logs, else on disk. */
export function makeScratch (artifactBytes: number): string {
  const free = (folder: string): number => {
    try {
      const { bavail, bsize } = statfsSync(folder)
      return bavail * bsize
    } catch {
      return 0
    }
  }
  return mkdtempSync(join(free('/dev/shm') > artifactBytes * 2.5 ? '/dev/shm' : tmpdir(), 'hokusai-bench-'))
}

/** How each program says its version. */
const versions: Readonly<Record<string, string>> = { nginx: 'nginx -v', haproxy: 'haproxy -v', caddy: 'caddy version' }

/** One line that names the machine and the versions, to stand beside every figure. */
export function describeMachine (): string {
  const model = /^model name\s*:\s*(.+)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? process.arch
  const servers = Object.entries(versions).filter(([name]) => isInstalled(name)).map(([name, command]) => {
    const said = execFileSync('sh', ['-c', `${command} 2>&1`], { encoding: 'utf8', timeout: 10_000 })
    return `${name} ${/\d+\.\d+[.\d]*/.exec(said)?.[0] ?? ''}`
  })
  return [model, `${availableParallelism()} cores`, `Node ${process.version}`, ...servers].join(', ')
}

/** Whether a program is on the path. */
export function isInstalled (tool: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
