/** MLflow's own routing as an oracle: a Python process for each version, which says what a request would run there. */
import { execFile, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { shape, toTemplate, type Registry } from '../../../scripts/generate/registry.js'

export interface Asked {
  readonly method: string
  /** Raw, as it is forwarded. */
  readonly path: string
}

/** The shape of the path of the route that runs, or undefined where none does (404, 405, a redirect). */
export type Ruling = string | undefined

/** What each version makes of each request: by `METHOD path`, then by version. */
export type Rulings = ReadonlyMap<string, ReadonlyMap<string, Ruling>>

export interface Oracle {
  readonly version: string
  /** The routes of the MLflow that is installed. */
  readonly live: Pick<Registry, 'flask' | 'native' | 'auth'>
  ask: (requests: readonly Asked[]) => Promise<Ruling[]>
  close: () => void
}

/** Starts the oracle of an MLflow version; its environment is made first where it is missing. */
export async function openOracle (version: string): Promise<Oracle> {
  const { stdout } = await promisify(execFile)('scripts/mlflow/venv', [version])
  const child = spawn(stdout.trim(), ['test/conformance/access/oracle.py'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const first = await lines.next()
  if (first.done === true) throw new Error(`MLflow ${version} cannot be imported: run test/conformance/access/oracle.py by hand`)
  return {
    version,
    live: JSON.parse(first.value),
    async ask (requests) {
      child.stdin.write(requests.map(({ method, path }) => JSON.stringify([method, path]) + '\n').join(''))
      const rulings: Ruling[] = []
      while (rulings.length < requests.length) {
        const { value, done } = await lines.next()
        if (done === true) throw new Error(`the oracle of MLflow ${version} ended`)
        const answer = JSON.parse(value) as { route?: string, native?: boolean }
        rulings.push(answer.route === undefined ? undefined : shape(toTemplate(answer.route, answer.native === true)))
      }
      return rulings
    },
    close () { child.kill() }
  }
}

/** Asks every oracle about every request. */
export async function collect (oracles: readonly Oracle[], requests: readonly Asked[]): Promise<Rulings> {
  const rulings = new Map<string, Map<string, Ruling>>()
  await Promise.all(oracles.map(async oracle => {
    const answers = await oracle.ask(requests)
    requests.forEach(({ method, path }, index) => {
      const key = `${method} ${path}`
      const byVersion = rulings.get(key) ?? new Map<string, Ruling>()
      rulings.set(key, byVersion.set(oracle.version, answers[index]))
    })
  }))
  return rulings
}
