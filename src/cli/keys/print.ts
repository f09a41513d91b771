/** How keys are printed: a new one, once, and what is known of those that there are. */
import { withoutIncluded } from '../../access/scopes.js'
import type { Io } from '../../core/io.js'
import { originFor } from '../../core/origin.js'
import { mount } from '../../core/public-paths.js'
import type { Config } from '../../core/settings/config.js'
import type { IssuedKey, KeyRecord, KeyState } from '../../keys/contract.js'
import { stateOf } from '../../keys/records.js'
import { printJson } from '../command.js'
import { printTable, relative } from '../table.js'

/** `shell`: lines for `eval`. */
export type IssuedForm = 'text' | 'json' | 'shell'

/**
 * The only place that prints a key. Standard output gets it alone, as scripts want it. The lines to paste go to stderr, which
 * may end in a log: with the key in them only where both are terminals, so that it shows no more than standard output does.
 */
export function printIssued (io: Io, config: Config, form: IssuedForm, { key, record }: IssuedKey): void {
  const uri = originFor(config) + mount
  if (form === 'json') {
    printJson(io, { key, ...toJson(record), trackingUri: uri })
    return
  }
  io.stderr.write(`${record.keyId} (${record.name}) was created. Its key is shown only this once.\n`)
  if (form === 'shell') {
    io.stdout.write(exports(uri, key))
    return
  }
  io.stdout.write(`${key}\n`)
  io.stderr.write(`\n${exports(uri, io.stdout.isTTY === true && io.stderr.isTTY === true ? key : 'KEY')}`)
}

function exports (uri: string, key: string): string {
  return `export MLFLOW_TRACKING_URI=${uri}\nexport MLFLOW_TRACKING_TOKEN=${key}\n`
}

/** Says of a key for which no expiry was asked that it has one all the same. @param at undefined: it has none */
export function noteEnd (io: Io, at: number | undefined): void {
  if (at !== undefined) io.stderr.write(`The key expires at ${time(at)}: KEYS_MAX_LIFETIME allows none to live longer.\n`)
}

/** States by the words that this command line has for them. */
export const stateWords: Readonly<Record<KeyState, string>> = { live: 'active', expired: 'expired', disabled: 'disabled', revoked: 'revoked' }

export function stateWord (record: KeyRecord): string {
  return stateWords[stateOf(record, Date.now())]
}

export function time (at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString()
}

/** A record as it is printed and as scripts read it: times in ISO 8601, null where there is nothing. */
export function toJson (record: KeyRecord): Readonly<Record<string, unknown>> {
  return {
    id: record.keyId,
    name: record.name,
    userId: record.userId,
    hint: record.hint,
    environment: record.environment,
    state: stateWord(record),
    scopes: [...record.scopes],
    workspaces: record.workspaces,
    permissions: record.permissions?.texts ?? [],
    ratePerHour: record.ratePerHour ?? null,
    createdAt: time(record.createdAt),
    expiresAt: time(record.expiresAt) ?? null,
    lastUsedAt: time(record.lastUsedAt) ?? null,
    revokedAt: time(record.revokedAt) ?? null,
    revokeReason: record.revokeReason ?? null,
    disabledAt: time(record.disabledAt) ?? null,
    disableReason: record.disableReason ?? null,
    replacedBy: record.replacedBy ?? null
  }
}

export function details (record: KeyRecord): string {
  return Object.entries(toJson(record)).map(([name, value]) => `${name.padEnd(14)}${String(value ?? '') || '-'}\n`).join('')
}

/** @param wide all of it, with exact times, on a terminal too */
export function printRecords (io: Io, records: readonly KeyRecord[], wide: boolean): void {
  const now = Date.now()
  const ago = (at: number | undefined): string => at === undefined ? '-' : relative(at, now)
  printTable(io, [
    { head: 'ID', cell: ({ keyId }) => keyId },
    { head: 'KEY', cell: ({ hint }) => hint, brief: null },
    { head: 'STATE', cell: stateWord },
    { head: 'OWNER', cell: ({ userId }) => userId, elastic: true },
    {
      head: 'SCOPES',
      cell: ({ scopes }) => [...scopes].join(',') || '-',
      brief: ({ scopes }) => briefScopes(scopes),
      elastic: true
    },
    { head: 'PERMISSIONS', cell: ({ permissions }) => permissions?.texts.join(',') ?? '-', brief: null },
    { head: 'EXPIRES', cell: ({ expiresAt }) => time(expiresAt) ?? '-', brief: ({ expiresAt }) => ago(expiresAt) },
    { head: 'LAST USED', cell: ({ lastUsedAt }) => time(lastUsedAt) ?? '-', brief: ({ lastUsedAt }) => ago(lastUsedAt) },
    { head: 'ROTATED TO', cell: ({ replacedBy }) => replacedBy ?? '-', brief: null },
    { head: 'NAME', cell: ({ name }) => name, elastic: true }
  ], records, wide)
}

/** Without the prefix that all have. */
function briefScopes (scopes: KeyRecord['scopes']): string {
  return withoutIncluded(scopes).map(scope => scope.replace('mlflow:', '')).join(',') || '-'
}
