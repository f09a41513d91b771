/**
 * What could be changed on a real MLflow without the right to: every operation that needs more than a read key is tried by every trick at the
 * very moment when an administrator's same request succeeds, and the state of MLflow is compared before, after the attempts and after that request.
 * This is beside the proof of bypasses.ts, which covers every operation and lets MLflow's own routing judge.
 */
import { operations } from '../../../src/access/operations.generated.js'
import type { Around } from '../../../scripts/generate/openapi/caller.js'
import type { Storage } from '../openapi/storage.js'
import { findTruth } from '../openapi/truth.js'
import type { World } from '../openapi/world.js'
import { attempts, disguises, forbidden, type Attempt } from './corpus.js'
import { openSender } from './facade.js'
import { stateOf } from './state.js'

export interface Writes {
  readonly attempts: number
  /** Operations that an administrator's request was seen to change MLflow by, having been refused to others. */
  readonly changed: ReadonlySet<string>
  /** Operations that need more than a read key, and were tried. */
  readonly tried: ReadonlySet<string>
  /** Calls of the administrator that went otherwise than without the attempts before them. */
  readonly disturbed: readonly string[]
  /** A sentence for each attempt that changed something or was not refused. */
  readonly bypasses: readonly string[]
}

/** From the first of these on MLflow writes by itself, beside the requests: its jobs, and the traces of its gateway. Then its state tells nothing any more. */
const restless = /job|invoke|gateway|passthrough|demo/i

export async function findWrites (version: string): Promise<Writes> {
  const aimed = new Map(forbidden(operations).map(operation => [operation.id, operation]))
  const changed = new Set<string>()
  const tried = new Set<string>()
  const bypasses: string[] = []
  const disturbed: string[] = []
  const endings: Array<() => Promise<void>> = []
  let count = 0
  try {
    await findTruth(version, { watch, report: ({ id, complaints }) => disturbed.push(...complaints.map(complaint => `${id}: ${complaint}`)) })
  } finally {
    for (const end of endings) await end()
  }
  return { attempts: count, changed, tried, disturbed, bypasses }

  function watch (world: World, storage: Storage): Around {
    const sender = openSender(world.url)
    endings.push(sender.close)
    let others = operations.filter(operation => operation.class === 'blocked')
    let isQuiet = true

    return async (id, request, { status = 200, wrong, anonymous }) => {
      if (others.length > 0) {
        // What is no part of the API has no request that succeeds: it must be refused to administrators too.
        const blocked = attempts(others, true)
        others = []
        await attempt('what is blocked', blocked, [undefined, world.readKey, world.key])
      }
      isQuiet &&= !restless.test(id)
      const operation = aimed.get(id)
      const succeeds = status !== 'any' && status < 300 && wrong === undefined && anonymous === undefined
      if (!isQuiet || operation === undefined || !succeeds || changed.has(id)) return undefined
      tried.add(id)
      const before = await attempt(id, disguises(operation, request), [undefined, world.readKey])
      return async () => { if (await stateOf(world, storage) !== before) changed.add(id) }
    }

    /** @returns the state after the attempts */
    async function attempt (what: string, tries: readonly Attempt[], keys: ReadonlyArray<string | undefined>): Promise<string> {
      const before = await stateOf(world, storage)
      for (const key of keys) {
        const statuses = await sender.attempt(tries, key)
        count += tries.length
        const [plain = 0] = statuses
        if (plain !== 401 && plain !== 403) bypasses.push(`${what}: the plain request was answered ${plain}`)
        if (statuses.includes(0)) bypasses.push(`${what}: ${tries[statuses.indexOf(0)]?.target ?? ''} was not answered`)
      }
      const after = await stateOf(world, storage)
      if (after !== before) bypasses.push(`${what}: the attempts changed MLflow`)
      return after
    }
  }
}
