/** Descriptions of the endpoints that manage keys. */
import { permissionMaxLength, permissionsMax } from '../../access/permissions.js'
import { scopeNames } from '../../access/scopes.js'
import { closed, describe, json, nullable, string, type Schema } from '../describe.js'
import { pageMax, pageSize } from './page-query.js'

const time = { ...string, format: 'date-time' }
const scopes = { type: 'array', maxItems: 20, items: string, description: `Of ${scopeNames.join(', ')}. An empty list grants nothing.` }
const workspaces = { type: 'array', maxItems: 1000, items: string, description: 'The only workspaces that it may use. An empty list: all.' }
const permissions = {
  type: 'array',
  maxItems: permissionsMax,
  items: { ...string, maxLength: permissionMaxLength },
  description: 'What it may read and write, such as `read:*` or `write:experiments/team-a/*`. An empty list: all that its scopes allow.'
}
const stateNames = ['live', 'expired', 'disabled', 'revoked']

/** Of a key. */
const known = {
  id: { ...string, description: 'Id by which it is managed; not the key.' },
  name: string,
  owner: { ...string, description: 'The user that MLflow sees.' },
  user_id: { ...string, description: 'The same as `owner`, under the name that the command line prints.' },
  hint: { ...string, description: 'The first characters of the key.' },
  environment: { ...string, enum: ['live', 'test', 'other'] },
  state: { ...string, enum: stateNames },
  scopes: { type: 'array', items: { ...string, enum: scopeNames } },
  workspaces: { type: 'array', items: string, description: 'Empty: all.' },
  permissions: { type: 'array', items: string, description: 'What it may read and write. Empty: all that its scopes allow.' },
  rate_per_hour: { ...nullable({ type: 'integer' }), description: 'Calls an hour; `null`: no limit.' },
  created_at: time,
  expires_at: { ...nullable(time), description: 'Takes the end of a rotation\'s overlap into account; `null`: never.' },
  last_used_at: { ...nullable(time), description: 'Written every few seconds, so it may lag behind.' },
  revoked_at: nullable(time),
  revoke_reason: nullable(string),
  disabled_at: nullable(time),
  disable_reason: nullable(string),
  replaced_by: { ...nullable(string), description: 'Id of the key that took its place.' }
}

/** A key, as every answer has it. */
export const apiKey = { ...closed(known), description: 'All that is known of a key. Neither the key nor its hash is told.' }

const example = {
  id: 'key_7KqZ2hVd0wB4nXcE',
  name: 'training',
  owner: 'ann',
  user_id: 'ann',
  hint: 'hk_live_ab12…',
  environment: 'live',
  state: 'live',
  scopes: ['mlflow:read', 'mlflow:write'],
  workspaces: [],
  permissions: ['read:*', 'write:experiments/team-a/*'],
  rate_per_hour: 3600,
  created_at: '2027-01-01T00:00:00.000Z',
  expires_at: '2027-04-01T00:00:00.000Z',
  last_used_at: null,
  revoked_at: null,
  revoke_reason: null,
  disabled_at: null,
  disable_reason: null,
  replaced_by: null
}

/** A new key, with what it says of itself. */
export const issuedKey = {
  ...closed({ key: { ...string, description: 'The key. It is shown only this once.' }, ...known }),
  description: 'A new key: the only answer that holds the key itself.'
}

const ofKey = { params: closed({ id: { ...string, description: 'Id of the key.' } }) }
const scope = 'mlflow:admin'
const changed = { 200: { description: 'The key as it is now.', content: json({ $ref: 'ApiKey#' }, example) } }
const issued = {
  201: {
    description: 'The new key.',
    headers: { Location: { ...string, description: 'Path of the new key.' } },
    content: json({ $ref: 'IssuedKey#' }, { key: 'hk_live_…', ...example })
  }
}
const atOnce = 'It counts for the next request, on every replica within a second.'

/** What can be said of a key, and changed. */
const wishes = {
  name: { ...string, description: 'A name for people to recognise the key by.' },
  owner: { ...string, description: 'The user that MLflow sees. Default: the name.' },
  scopes,
  workspaces,
  permissions,
  rate: { type: ['string', 'integer', 'null'], minimum: 1, maximum: 999_999_999, description: 'Calls an hour: `3600`, `3600/hour`, or `none` or `null` for no limit.' },
  expires_at: { ...nullable(string), pattern: '^\\d{4}-\\d{2}-\\d{2}', description: 'A date or a time of ISO 8601. `null`: never, or as late as `KEYS_MAX_LIFETIME` allows.' },
  expires_in: { type: ['string', 'integer'], minimum: 1, maximum: 999_999_999, pattern: '^\\d{1,9}[smhdw]$', description: 'In place of `expires_at`: seconds from now, or a duration such as `90d`.' }
}

export const listKeys = describe({
  operationId: 'listKeys',
  summary: 'List keys',
  description: 'Keys by the time at which they were made, the oldest first. Each parameter that is given narrows the list; the whole text has to be equal, but for `hint`.',
  scope,
  querystring: closed({
    state: { ...string, enum: stateNames },
    owner: string,
    name: string,
    hint: { ...string, minLength: 1, description: 'A part of the hint.' },
    max_results: { type: 'integer', minimum: 1, maximum: pageMax, default: pageSize, description: 'So many keys at most.' },
    page_token: { ...string, description: 'The `next_page_token` of the page before, with the same other parameters.' }
  }, []),
  response: {
    200: {
      description: 'A page of keys.',
      content: json(closed({
        keys: { type: 'array', items: { $ref: 'ApiKey#' } },
        next_page_token: { ...nullable(string), description: '`null`: there are no more.' }
      }), { keys: [example], next_page_token: null })
    }
  }
})

export const createKey = describe({
  operationId: 'createKey',
  summary: 'Create a key',
  description: 'Without `scopes` it gets `mlflow:read` and `mlflow:write`, without `rate` that of `KEYS_DEFAULT_RATE`, without an expiry the latest that `KEYS_MAX_LIFETIME` allows; to ask for a later one is an error.',
  scope,
  body: closed({ ...wishes, environment: { ...string, enum: ['live', 'test'], default: 'live', description: 'Prefix of the key.' } }, ['name']),
  response: issued
})

export const getKey = describe({
  operationId: 'getKey',
  summary: 'What is known of a key',
  description: 'The key itself is not: only its hash is kept.',
  scope,
  ...ofKey,
  response: { 200: { description: 'The key.', content: json({ $ref: 'ApiKey#' }, example) } }
})

export const updateKey = describe({
  operationId: 'updateKey',
  summary: 'Change what a key may do',
  description: `What is not named stays. ${atOnce} A key that has ended cannot be changed (409), nor the last live key that may manage keys be narrowed.`,
  scope,
  ...ofKey,
  body: { ...closed(wishes, []), minProperties: 1 },
  response: changed
})

export const rotateKey = describe({
  operationId: 'rotateKey',
  summary: 'Replace a key with a new one',
  description: 'The new one has the same grants and expiry. A key that has ended, is disabled or was rotated already is a 409.',
  scope,
  ...ofKey,
  body: closed({ overlap_seconds: { ...overlap(31_536_000) } }, []),
  response: issued
})

export const rotateOwnKey = describe({
  operationId: 'rotateOwnKey',
  summary: 'Replace the presented key with a new one',
  description: 'The new one has the same grants and expiry. Not with a session (403), and not twice (409): after the first time, only the new key can be rotated.',
  scope: 'any',
  body: closed({ overlap_seconds: { ...overlap(86_400) } }, []),
  response: issued
})

export const disableKey = describe({
  operationId: 'disableKey',
  summary: 'Refuse a key until it is enabled',
  description: `${atOnce} Its transfers and sessions end. A key that is disabled keeps its first time and reason; one that has ended is a 409.`,
  scope,
  ...ofKey,
  body: closed({ reason: string }, []),
  response: changed
})

export const enableKey = describe({
  operationId: 'enableKey',
  summary: 'Accept a key that was disabled',
  description: `${atOnce} A key that is enabled stays so; one that has ended is a 409.`,
  scope,
  ...ofKey,
  response: changed
})

export const revokeKey = describe({
  operationId: 'revokeKey',
  summary: 'Revoke a key',
  description: `Ends a key for ever. ${atOnce} A key that was revoked keeps its first time and reason.`,
  scope,
  ...ofKey,
  querystring: closed({ reason: string }, []),
  response: { 204: { description: 'It is revoked.', type: 'null' } }
})

export const importKeys = describe({
  operationId: 'importKeys',
  summary: 'Import keys of another system',
  description: 'All of them, or none where one cannot be taken (400) or is in the store already (409). Each has `key_hash` (its SHA-256 in hexadecimal) or `key`, and what `hokusai-mlflow keys import` takes beside: `name`, `user_id`, `scopes`, `workspaces`, `permissions`, `rate_per_hour`, `expires_at`, `is_admin`.',
  scope,
  body: closed({ keys: { type: 'array', minItems: 1, maxItems: 5000, items: { type: 'object' } } }),
  response: { 200: { description: 'They are in the store.', content: json(closed({ imported: { type: 'integer', minimum: 1 } }), { imported: 2 }) } }
})

function overlap (max: number): Schema {
  return { type: 'integer', minimum: 0, maximum: max, default: 0, description: 'How long the old key stays valid. 0: it ends at once.' }
}
