/** The check of where audit events go. */
import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { auditTables, problemOf } from '../audit/tables.js'
import type { PostgresAddress } from '../core/settings/postgres-url.js'
import { type Check, error, fine, hint, type Verdict, warning } from './check.js'

export const auditCheck: Check = {
  id: 'audit-log',
  about: 'audit events cannot be written to the file or the PostgreSQL of `AUDIT_LOG`, others can read the file, or there are none',
  async run ({ config: { audit: { place } } }) {
    switch (place.kind) {
      case 'off': return hint('No audit events are written (AUDIT_LOG=off).', 'set AUDIT_LOG to a file or to PostgreSQL to know who did what')
      case 'stdout': return fine('audit events go to standard output, beside the log')
      case 'file': return lookAtFile(place.file)
      case 'postgres': return await lookAtDatabase(place.address)
    }
  }
}

/** Without making it. */
function lookAtFile (file: string): Verdict {
  const [path, exists] = [resolve(file), existsSync(file)]
  try {
    if (!exists) accessSync(dirname(path), constants.W_OK | constants.X_OK)
    else if (statSync(path).isFile()) accessSync(path, constants.W_OK | constants.R_OK)
    else return error(`AUDIT_LOG names ${path}, which is no regular file.`, 'set AUDIT_LOG to a file in a folder that this user may write to')
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException
    return error(`Audit events cannot be written to ${path} (${code ?? 'unknown'}).`, 'give this user write access to the folder and the file, or set AUDIT_LOG to another one')
  }
  if (exists && (statSync(path).mode & 0o007) !== 0) return warning(`Others can access the audit events in ${path}.`, `chmod 600 ${path}`)
  return fine(exists ? 'the file can be written' : 'the file will be made at the first start')
}

async function lookAtDatabase (address: PostgresAddress): Promise<Verdict> {
  try {
    const { inspectPostgres } = await import('../keys/stores/postgres/inspect.js')
    const { version, isReadOnly } = await inspectPostgres(address, auditTables.versions)
    const known = auditTables.steps.length
    if (version > known) return error(`The audit database has schema ${version}, but this version supports only ${known}.`, 'run the version of hokusai-mlflow that wrote it, or a newer one')
    if (isReadOnly) return error('The audit database is read-only.', 'point AUDIT_LOG at the primary, or set default_transaction_read_only = off')
    return fine(version === 0 ? 'PostgreSQL answers; the first event creates the tables' : `PostgreSQL answers, and has schema ${version}`)
  } catch (fault) {
    return error(problemOf(fault), 'check the PostgreSQL server that AUDIT_LOG names: that it runs, and its address, user, database and sslmode')
  }
}
