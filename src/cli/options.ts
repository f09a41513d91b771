/** The options of every command as one table, for `parseArgs` of Node, completion, and the sentence about a mistyped one. */
import type { Name } from '../core/settings/settings.js'

const flag = { type: 'boolean', default: false } as const
const text = { type: 'string' } as const
const list = { type: 'string', multiple: true } as const

/** The settings of the environment that `start` also takes as options: what they may be stands in the table of settings alone. */
export const startSettings = {
  port: 'PORT',
  host: 'HOST',
  upstream: 'MLFLOW_UPSTREAM_URL',
  'data-dir': 'DATA_DIR'
} as const satisfies Readonly<Record<string, Name>>

export const options = {
  start: { port: text, host: text, upstream: text, 'data-dir': text, 'upgrade-database': flag, 'require-upstream': flag },
  doctor: { url: text, key: text, json: flag },
  openapi: { yaml: flag, json: flag, mlflow: text },
  verify: { key: text, 'read-only': flag, platform: flag, 'connect-to': text, json: flag },
  audit: {
    since: text,
    until: text,
    key: text,
    user: text,
    operation: text,
    outcome: text,
    reason: text,
    limit: { type: 'string', default: '100' },
    wide: flag,
    json: flag
  },
  explain: { key: text, header: list, body: text, json: flag },
  legacy: { wide: flag, json: flag },
  completion: {}
} as const

export const keysOptions = {
  create: {
    name: text,
    user: text,
    scopes: list,
    expires: text,
    workspace: list,
    allow: list,
    rate: text,
    env: { type: 'string', default: 'live' },
    export: flag,
    json: flag
  },
  list: { state: text, user: text, sort: { type: 'string', default: 'created' }, wide: flag, json: flag },
  show: { json: flag },
  find: { key: flag, wide: flag, json: flag },
  update: {
    name: text,
    owner: text,
    scopes: list,
    expires: text,
    workspace: list,
    'all-workspaces': flag,
    allow: list,
    rate: text,
    json: flag
  },
  disable: { reason: text, json: flag },
  enable: { json: flag },
  revoke: { key: flag, reason: text, json: flag },
  rotate: { overlap: text, export: flag, json: flag },
  prune: { 'revoked-before': text, json: flag },
  import: { json: flag },
  migrate: { from: text, to: text, 'dry-run': flag, json: flag }
} as const
