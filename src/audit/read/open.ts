/** Opens what reads the events that are kept. */
import type { AuditConfig } from '../../core/settings/audit-settings.js'
import { openFileReader } from './file.js'
import type { AuditReader } from './query.js'

/** Undefined: none are kept where they could be read again. */
export async function openAuditReader ({ place, files }: AuditConfig): Promise<AuditReader | undefined> {
  switch (place.kind) {
    case 'off':
    case 'stdout': return undefined
    case 'file': return openFileReader(place.file, files)
    case 'postgres': return (await import('./postgres.js')).openPostgresReader(place.address)
  }
}

/** Why none can be read, for people. */
export function unkept ({ place }: AuditConfig): string {
  return place.kind === 'off'
    ? 'There are no audit events: AUDIT_LOG is off.'
    : 'The events are on standard output of the server (AUDIT_LOG=stdout): look where its log is kept, or set AUDIT_LOG to a file or to PostgreSQL.'
}
