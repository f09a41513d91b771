/** Description of `/admin/usage`. */
import { reasons } from '../../core/reasons.js'
import { closed, describe, json, nullable, string } from '../describe.js'
import { hoursKept, minutesKept } from './tally.js'

const count = { type: 'integer', minimum: 0 }
const time = { ...string, format: 'date-time' }

const counts = (what: string, length: number): Record<string, unknown> =>
  ({ type: 'array', items: count, description: `${length} numbers, one for each ${what}, the oldest first; the last ${what} is not over yet.` })

const series = { minutes: counts('minute', minutesKept), hours: counts('hour', hoursKept) }

const example = { minutes: Array<number>(minutesKept).fill(0).with(-1, 3), hours: Array<number>(hoursKept).fill(0).with(-1, 7) }

export const usageSchema = describe({
  operationId: 'getUsage',
  summary: 'Calls by key, refusals by reason, and who uses old paths',
  description: 'Calls of the last hour by minute and of the last day by hour, as the process that answers has counted them since its start: with `WORKERS` or several replicas each counts its own. What all of them count together is in the metrics.',
  scope: 'mlflow:admin',
  response: {
    200: {
      description: 'The counts.',
      content: json(closed({
        counted_by: { ...string, const: 'this process' },
        since: { ...time, description: 'Since when it counts.' },
        minutes_from: { ...time, description: 'When the first minute begins.' },
        hours_from: { ...time, description: 'When the first hour begins.' },
        keys: {
          type: 'array',
          description: 'Keys that made calls within the day, the busiest first: 1,000 at most.',
          items: closed({ id: string, hint: { ...string, description: 'The first characters of the key.' }, name: string, owner: string, ...series })
        },
        other_keys: { ...nullable(closed(series)), description: 'Further keys, together; `null`: there are none.' },
        refusals: {
          type: 'array',
          description: 'Calls that were refused or broke, by reason, the most frequent first.',
          items: closed({ reason: { ...string, enum: Object.keys(reasons) }, ...series })
        },
        old_paths: closed({
          since: { ...nullable(time), description: 'Since when calls of old paths are counted, over all starts; `null`: there was none.' },
          uses: {
            type: 'array',
            description: 'By key and kind of client, the latest first: 1,000 at most.',
            items: closed({
              key_id: { ...nullable(string), description: '`null`: no valid key came with the calls.' },
              name: nullable(string),
              owner: nullable(string),
              client: string,
              calls: { ...count, minimum: 1 },
              first_at: time,
              last_at: time
            })
          }
        })
      }), {
        counted_by: 'this process',
        since: '2027-01-01T00:00:00.000Z',
        minutes_from: '2027-01-01T08:31:00.000Z',
        hours_from: '2026-12-31T10:00:00.000Z',
        keys: [{ id: 'key_7KqZ2hVd0wB4nXcE', hint: 'hk_live_ab12…', name: 'training', owner: 'ann', ...example }],
        other_keys: null,
        refusals: [{ reason: 'scope', ...example }],
        old_paths: {
          since: '2026-12-01T00:00:00.000Z',
          uses: [{ key_id: 'key_7KqZ2hVd0wB4nXcE', name: 'training', owner: 'ann', client: 'mlflow-python', calls: 12, first_at: '2026-12-01T09:00:00.000Z', last_at: '2027-01-01T09:00:00.000Z' }]
        }
      })
    }
  }
})
