/** Tells the audit trail of what a command has changed. */
import type { Resource } from '../../audit/event.js'
import type { Io } from '../../core/io.js'
import type { Config } from '../../core/settings/config.js'
import type { KeyRecord } from '../../keys/contract.js'
import type { keysOptions } from '../options.js'

/** A key as events name it. */
export function keyNamed ({ keyId, name, userId }: KeyRecord): Resource {
  return { id: keyId, name, user: userId }
}

/** What is done is done: an event that cannot be written is told of, and fails no command. */
export async function tellAudit (io: Io, { audit }: Config, action: keyof typeof keysOptions, resource: Resource): Promise<void> {
  const { auditCommand } = await import('../../audit/command.js') // which nobody needs who only asks for help
  const problem = await auditCommand(audit, `keys.${action}`, resource)
  if (problem !== undefined) io.stderr.write(`The audit event could not be written: ${problem}\n`)
}
