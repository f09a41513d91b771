/** Description of `/admin/audit`. */
import { outcomes } from '../../audit/event.js'
import { reasons } from '../../core/reasons.js'
import { closed, describe, json, nullable, string, type Schema } from '../describe.js'

const moment = (what: string): Schema => ({ ...string, maxLength: 40, description: `${what}: a time of ISO 8601, or a duration before now such as \`1h\` (s, m, h, d, w).` })
const filter = { ...string, minLength: 1, maxLength: 256 }
const count = { type: 'integer', minimum: 1 }

const event = {
  seq: { ...count, description: 'Counts the events of a source; numbers that are missing were lost.' },
  source: { ...string, description: 'The process that numbered it: another one after each start.' },
  time: { ...string, format: 'date-time', description: 'When the call ended.' },
  request_id: string,
  key: { ...string, description: 'The first characters of the key.' },
  key_id: string,
  user: string,
  address: string,
  session: { type: 'boolean', enum: [true], description: 'The caller was known by the session of a browser.' },
  method: string,
  operation: string,
  class: string,
  resource: { type: 'object', additionalProperties: string, description: 'What the call names: fields of its path, its query, or a small body.' },
  workspace: string,
  status: { type: 'integer', minimum: 100, maximum: 599 },
  outcome: { ...string, enum: outcomes },
  reason: { ...string, description: 'Why it was refused or failed, by the names of docs/errors.md.' },
  count: { ...count, description: 'How many calls it stands for; left out: one.' }
}

export const auditSchema = describe({
  operationId: 'listAuditEvents',
  summary: 'Who did what, and what was refused',
  description: 'Events of refused calls and of calls that change something, the newest first. 404 where `AUDIT_LOG` keeps none (`stdout`, `off`). A page may hold fewer events than asked for, even none, and still name a next one.',
  scope: 'mlflow:admin',
  querystring: closed({
    since: moment('From this moment'),
    until: moment('Before this moment'),
    key: { ...filter, description: 'Id of a key, or its first characters (`hk_live_ab12…`).' },
    user: filter,
    operation: filter,
    outcome: { ...string, enum: outcomes },
    reason: { ...string, enum: Object.keys(reasons) },
    max_results: { ...string, pattern: '^(?:[1-9]\\d{0,2}|1000)$', default: '100', description: 'Events of a page, 1 to 1000.' },
    page_token: { ...string, maxLength: 100, description: '`next_page_token` of the page before, with the same filter.' }
  }, []),
  response: {
    200: {
      description: 'A page of events.',
      content: json(closed({
        events: { type: 'array', items: { type: 'object', properties: event, required: ['seq', 'source', 'time', 'operation', 'outcome'] } },
        next_page_token: { ...nullable(string), description: 'For the next page; `null`: there is none.' }
      }), {
        events: [{
          seq: 41,
          source: 'b3Jh8wKx',
          time: '2026-12-01T09:30:00.000Z',
          request_id: '0b0f7f0c-4f0e-4f53-9d0c-6a3f0f6f2a11',
          key: 'hk_live_7KqZ…',
          key_id: 'key_7KqZ2hVd0w',
          user: 'ann',
          address: '203.0.113.7',
          method: 'POST',
          operation: 'deleteRun',
          class: 'write',
          resource: { run_id: '5f0c2f3f8d4e4a7b9c1d2e3f4a5b6c7d' },
          status: 403,
          outcome: 'refused',
          reason: 'scope'
        }],
        next_page_token: null
      })
    }
  }
})
