/** `/admin/usage`: who has called how often, what was refused, and who still uses old paths, for administrators. */
import type { FastifyInstance } from 'fastify'
import { unavailable } from '../../core/errors.js'
import { readUsage, type Usage } from '../../legacy/usage.js'
import { adminRoute } from './keys.js'
import type { Series } from './tally.js'
import type { UsageCounts } from './usage-counts.js'
import { usageSchema } from './usage-schemas.js'

interface Options {
  readonly counts: UsageCounts
  /** The file that holds the counts of old paths. */
  readonly oldPaths: string
}

/** Of old paths, those that were called last. */
const usesMax = 1000

export default async function adminUsage (app: FastifyInstance, { counts, oldPaths }: Options): Promise<void> {
  app.get('/admin/usage', adminRoute('usage', usageSchema), async () => {
    const { minutesFrom, hoursFrom, counts: keys, others } = counts.keys()
    return {
      counted_by: 'this process',
      since: time(counts.since),
      minutes_from: time(minutesFrom),
      hours_from: time(hoursFrom),
      keys: keys.map(({ what: { keyId, hint, name, userId }, ...calls }) => ({ id: keyId, hint, name, owner: userId, ...seriesOf(calls) })),
      other_keys: others === undefined ? null : seriesOf(others),
      refusals: counts.refusals().counts.map(({ what, ...calls }) => ({ reason: what, ...seriesOf(calls) })),
      old_paths: oldPathsOf(oldPaths)
    }
  })
}

function time (at: number): string {
  return new Date(at).toISOString()
}

function seriesOf ({ minutes, hours }: Series): Series {
  return { minutes, hours }
}

/** @throws FacadeError (503) */
function oldPathsOf (file: string): unknown {
  const { since, uses } = read(file) ?? { since: null, uses: [] }
  const latest = [...uses].sort((a, b) => a.lastAt < b.lastAt ? 1 : -1).slice(0, usesMax)
  return {
    since,
    uses: latest.map(({ keyId, name, userId, client, calls, firstAt, lastAt }) =>
      ({ key_id: keyId, name, owner: userId, client, calls, first_at: firstAt, last_at: lastAt }))
  }
}

function read (file: string): Usage | undefined {
  try {
    return readUsage(file)
  } catch (error) {
    throw unavailable('The counts of old paths cannot be read. Run "hokusai-mlflow legacy" to see why.', 'store_unavailable', error)
  }
}
