/** The key store in PostgreSQL: when what is remembered of its keys counts. */
import pg from 'pg'
import type { PostgresAddress } from '../../../core/settings/postgres-url.js'
import type { KeyRow, KeyStore } from '../../contract.js'
import type { KeyForm } from '../../key.js'
import type { StoreListeners } from '../../listeners.js'
import { toVerdict } from '../../records.js'
import { shareCheck } from '../../shared-check.js'
import { createVerdictCache } from '../../verdict-cache.js'
import { connectionOptions, openDatabase } from './database.js'
import { openLink } from './link.js'
import { any, byHash, formsHeld, manage } from './manage.js'
import { migrate } from './migrate.js'
import { openSessionRows } from './sessions.js'
import { collectUses } from './uses.js'

export interface PostgresOptions extends StoreListeners {
  /** How long after it was last seen valid a key stays so while the server does not answer, milliseconds. */
  readonly staleMs: number
  /** The clock, milliseconds since 1970. */
  readonly now?: () => number
  /** Told of each statement but the beats of the link. */
  readonly onStatement?: (text: string) => void
}

/** When more keys than this change at once, it is cheaper to ask about all again than to look for each of them. */
const changesMax = 100
/** While changes are not told of, what the server says of a key counts so long. */
const doubtfulMs = 250

/** Opens the store, and makes its tables where there are none. @throws StoreUnavailableError */
export async function openPostgres (address: PostgresAddress, options: PostgresOptions): Promise<KeyStore> {
  const { staleMs, report, onLink, now = Date.now, onStatement } = options
  const database = openDatabase(address, onStatement)
  try {
    await migrate(database)
  } catch (error) {
    await database.close()
    throw error
  }
  const forms = new Set<string>()
  const cache = createVerdictCache({
    ask: async (_key, _address, hash) => toVerdict((await database.sql<KeyRow>(byHash, [hash])).rows[0]),
    holds: form => holds(forms, form) || !link.isCertain()
  }, { cacheMs: Infinity, staleMs, keepUnknown: true, collectUsed: true, now })

  /** As the triggers of `migrate.ts` tell of it. */
  function change (payload: string): void {
    if (payload.startsWith('+')) forms.add(payload.slice(1))
    cache.invalidate(payload === '' ? undefined : payload)
  }

  const told = gather(payloads => {
    const isMuch = payloads.size > changesMax
    if (isMuch) cache.invalidate()
    for (const payload of payloads) if (!isMuch || payload.startsWith('+')) change(payload)
  })
  const link = await openLink({
    makeClient: () => new pg.Client(connectionOptions(address)),
    resume: async client => {
      onStatement?.(formsHeld)
      for (const { form } of (await client.query<{ form: string }>(formsHeld)).rows) forms.add(form)
      database.noteAnswer()
      cache.invalidate()
    },
    onChange: (payload, processId) => {
      if (!database.owns(processId)) told(payload) // our own changes are known as soon as they are made
    },
    onState: lost => {
      cache.invalidate()
      onLink?.(lost)
    }
  })
  const uses = collectUses(database.sql, cache.takeUsed, report)
  let doubtedAt = -Infinity

  function doubt (): void {
    if (link.isCertain() || performance.now() - doubtedAt < doubtfulMs) return
    doubtedAt = performance.now()
    cache.invalidate()
  }

  return {
    verify: (key, address) => {
      doubt()
      return cache.verify(key, address)
    },
    recall: cache.recall,
    sessions: openSessionRows(database, hash => {
      doubt()
      return cache.verifyHash(hash)
    }),
    check: shareCheck(async () => { await database.sql(any) }, now),
    close: async () => {
      await uses.close()
      link.close()
      await database.close()
    },
    ...manage(database, now, change)
  }
}

/**
 * Only keys that were revoked long ago are ever deleted, so a form that was there may be taken to stay. One of our own making may have
 * been made by another replica just now, before that was told of.
 */
function holds (forms: ReadonlySet<string>, form: KeyForm): boolean {
  return form === 'sealed' || forms.has(form) || forms.has('unknown')
}

/** Hands on together what comes in one piece of input. */
function gather (take: (payloads: ReadonlySet<string>) => void): (payload: string) => void {
  let waiting = new Set<string>()
  return payload => {
    if (waiting.size === 0) {
      queueMicrotask(() => {
        const taken = waiting
        waiting = new Set()
        take(taken)
      })
    }
    waiting.add(payload)
  }
}
