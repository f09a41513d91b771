/** What reached MLflow although the caller may not do it: MLflow's own routing says what each request would have run. */
import { strongest, type AccessClass, type Operation } from '../../../src/access/classes.js'
import { shape } from '../../../scripts/generate/registry.js'
import { attempts, forbidden } from './corpus.js'
import { startFacade, startRecorder, type LegacyPaths } from './facade.js'
import { collect, type Asked, type Oracle } from './oracle.js'

export interface Outcome {
  readonly attempts: number
  /** Operations that not even an administrator reaches by the same attempts: those are blanks. */
  readonly unreached: readonly string[]
  /** How many of them were forwarded, being harmless. */
  readonly forwarded: number
  /** A sentence for each that was not. */
  readonly bypasses: readonly string[]
}

/** Tries everything with a read key, without a key, and what is blocked with an admin key, and lets the oracles judge what came through. */
export async function findBypasses (operations: readonly Operation[], oracles: readonly Oracle[], legacyPaths: LegacyPaths): Promise<Outcome> {
  const recorder = await startRecorder()
  const facade = await startFacade(recorder.url, legacyPaths)
  const byRoute = new Map(operations.flatMap(operation => [operation.path, ...operation.aliases ?? []].map(path => [`${operation.method} ${shape(path)}`, operation] as const)))
  const all = attempts(forbidden(operations))
  const blocked = attempts(operations.filter(operation => operation.class === 'blocked'))
  const reachable = new Set<Operation>()
  let forwarded = 0
  const bypasses: string[] = []
  try {
    await facade.attempt(all, undefined)
    for (const { method, path } of recorder.taken()) bypasses.push(`${method} ${path} reached MLflow without a key`)
    await facade.attempt(all, facade.keys.read)
    await judge('a read key', 'read')
    await facade.attempt(blocked, facade.keys.admin)
    await judge('an admin key', 'admin')
    await facade.attempt(attempts(forbidden(operations), true), facade.keys.admin)
    await judge('an admin key', 'admin')
  } finally {
    await facade.close()
    recorder.close()
  }
  return { attempts: 2 * all.length + blocked.length, unreached: operations.filter(operation => isAim(operation) && !reachable.has(operation)).map(({ id }) => id), forwarded, bypasses }

  /** Names what the recorded requests would have run beyond what a class allows. */
  async function judge (who: string, allowed: AccessClass): Promise<void> {
    const reached = recorder.taken()
    if (allowed === 'read') forwarded += reached.length
    const distinct = [...new Map(reached.map(request => [`${request.method} ${request.path}`, request])).values()]
    for (const [name, rulings] of await collect(oracles, distinct)) {
      for (const [version, ruling] of rulings) {
        const operation = ruling === undefined ? undefined : byRoute.get(`${methodOf(name)} ${ruling}`)
        if (operation === undefined) continue
        reachable.add(operation)
        // Every GraphQL attempt holds what a reader may not run, or what cannot be judged.
        const needed = operation.handling === 'graphql' ? 'admin' : operation.class
        if (strongest(needed, allowed) !== allowed) bypasses.push(`${name} reached MLflow with ${who}: ${version} runs ${operation.id} (${needed})`)
      }
    }
  }
}

/** What the attempts aim at and an administrator may do. */
export function isAim (operation: Operation): boolean {
  return operation.handling === 'graphql' || (operation.class !== 'blocked' && strongest(operation.class, 'read') !== 'read')
}

function methodOf (name: string): Asked['method'] {
  const method = name.slice(0, name.indexOf(' '))
  return method === 'HEAD' ? 'GET' : method
}
