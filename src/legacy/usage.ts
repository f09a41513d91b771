/** Who still uses old paths: counted by key and kind of client, kept in a file of DATA_DIR, and told in the log once a day for each key. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import type { Caller } from '../keys/contract.js'

/** Calls of one key by one kind of client. Times in ISO 8601. */
export interface Use {
  /** Null: no valid key came with the call. A redirect needs none. */
  readonly keyId: string | null
  readonly name: string | null
  readonly userId: string | null
  readonly client: string
  readonly calls: number
  readonly firstAt: string
  readonly lastAt: string
}

export interface Usage {
  /** Since when it is counted. */
  readonly since: string
  readonly uses: readonly Use[]
}

/** What the file holds besides: when the log was last told of each key. */
interface Kept extends Usage {
  readonly told?: Readonly<Record<string, number>>
}

/** Who called, as far as it is counted and told. */
export type OldPathCaller = Pick<Caller, 'keyId' | 'name' | 'userId' | 'hint'>

export interface OldPathUsage {
  /** Counts a call, or several. @param client one of the few names of kinds of clients */
  readonly note: (caller: OldPathCaller | undefined, client: string, calls?: number) => void
  /** Writes what is not written yet. */
  readonly close: () => void
}

const flushMs = 10_000
const dayMs = 86_400_000

/** Where the counts of a DATA_DIR are. */
export function usageFile (dataDir: string): string {
  return join(dataDir, 'old-paths.json')
}

/** What was counted so far; undefined where nothing was. @throws Error when the file cannot be read or is no such file */
export function readUsage (file: string): Kept | undefined {
  let text: string
  try { text = readFileSync(file, 'utf8') } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const usage = JSON.parse(text) as Kept
  if (typeof usage.since !== 'string' || !Array.isArray(usage.uses)) throw new Error('it holds no counts')
  return usage
}

/**
 * Counts from where an earlier process left off. The one who holds the lock of DATA_DIR is the one who writes.
 * @param failed told of each time that the file could not be written
 */
export function openOldPathUsage (file: string, log: Logger, now: () => number = Date.now, failed: () => void = () => {}): OldPathUsage {
  const { since, uses, told = {} } = earlier(file, log) ?? { since: iso(now()), uses: [] }
  const counted = new Map(uses.map(use => [nameOf(use), use]))
  const toldAt = new Map(Object.entries(told))
  let changed = false

  function note (caller: OldPathCaller | undefined, client: string, calls: number = 1): void {
    const at = iso(now())
    const fresh: Use = {
      keyId: caller?.keyId ?? null,
      name: caller?.name ?? null,
      userId: caller?.userId ?? null,
      client,
      calls: 0,
      firstAt: at,
      lastAt: at
    }
    const use = counted.get(nameOf(fresh)) ?? fresh
    counted.set(nameOf(use), { ...use, name: fresh.name, calls: use.calls + calls, lastAt: at })
    changed = true
    if (caller !== undefined) tell(caller, client)
  }

  function tell (caller: OldPathCaller, client: string): void {
    if (now() - (toldAt.get(caller.keyId) ?? -Infinity) < dayMs) return
    toldAt.set(caller.keyId, now())
    log.warn(
      { key: caller.hint, key_id: caller.keyId, user: caller.userId, client },
      'a key still uses old paths: hokusai-mlflow legacy lists them all'
    )
  }

  /** A full disk must not stop requests: it is told, and tried again. */
  function flush (): void {
    if (!changed) return
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(
        `${file}.new`,
        `${JSON.stringify({ since, uses: [...counted.values()], told: Object.fromEntries(toldAt) } satisfies Kept, null, 2)}\n`,
        { mode: 0o600 }
      )
      renameSync(`${file}.new`, file) // whole or not at all, also for who reads it meanwhile
      changed = false
    } catch (error) {
      failed()
      log.warn({ error: (error as NodeJS.ErrnoException).code }, 'the counts of old paths cannot be written')
    }
  }

  const clock = setInterval(flush, flushMs).unref()
  return {
    note,
    close () {
      clearInterval(clock)
      flush()
    }
  }
}

/** A file that cannot be understood is set aside, not lost. */
function earlier (file: string, log: Logger): Kept | undefined {
  try {
    return readUsage(file)
  } catch (error) {
    log.warn(
      { error: (error as Error).message },
      'the counts of old paths cannot be read: they are kept as old-paths.json.unread, and counting starts over'
    )
    try { renameSync(file, `${file}.unread`) } catch { /* the same disk that could not be read */ }
    return undefined
  }
}

function nameOf ({ keyId, client }: Pick<Use, 'keyId' | 'client'>): string {
  return `${keyId ?? ''} ${client}`
}

function iso (at: number): string {
  return new Date(at).toISOString()
}
