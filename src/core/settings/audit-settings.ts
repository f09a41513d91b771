/** Where audit events go: what AUDIT_LOG and the settings beside it say. */
import { readPostgresUrl, type PostgresAddress, type ReadText } from './postgres-url.js'
import type { SettingReader } from './setting-reader.js'
import { positiveCount } from './setting-values.js'

export type AuditPlace =
  | { readonly kind: 'off' }
  | { readonly kind: 'stdout' }
  | { readonly kind: 'file', readonly file: string }
  | { readonly kind: 'postgres', readonly address: PostgresAddress }

export interface AuditConfig {
  readonly place: AuditPlace
  /** Size at which a file is put aside. */
  readonly maxBytes: number
  /** Files that are kept, the one that is written among them. */
  readonly files: number
  /** How long PostgreSQL keeps an event; undefined: for ever. */
  readonly retentionMs: number | undefined
}

const dayMs = 86_400_000
const filesMax = 1000
const daysMax = 36_500

export function auditFrom ({ file, value }: SettingReader): AuditConfig {
  return {
    place: value('AUDIT_LOG', given => readAuditPlace(given, path => file('AUDIT_LOG (sslrootcert)', path))) ?? { kind: 'off' },
    maxBytes: value('AUDIT_LOG_MAX_BYTES', positiveCount) ?? 0,
    files: value('AUDIT_LOG_FILES', upTo(filesMax)) ?? 1,
    retentionMs: value('AUDIT_RETENTION_DAYS', retention) ?? undefined
  }
}

/** Undefined: it is not allowed. A word without a slash or a dot is rather a misspelt one than a file. */
export function readAuditPlace (given: string, readText: ReadText): AuditPlace | undefined {
  if (given === 'off' || given === 'stdout') return { kind: given }
  const address = readPostgresUrl(given, readText)
  if (address !== undefined) return { kind: 'postgres', address }
  return /^[a-z][a-z\d+.-]+:/i.test(given) || !/[./]/.test(given) || /\/$|\0/.test(given) ? undefined : { kind: 'file', file: given }
}

/** Null: for ever. */
function retention (given: string): number | null | undefined {
  if (given === 'none') return null
  const days = upTo(daysMax)(given)
  return days === undefined ? undefined : days * dayMs
}

function upTo (max: number): (given: string) => number | undefined {
  return given => {
    const asked = positiveCount(given)
    return asked !== undefined && asked <= max ? asked : undefined
  }
}
