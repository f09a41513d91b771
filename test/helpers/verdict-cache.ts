/** A verdict cache in front of a store that does as it is told. */
import { toScopes } from '../../src/access/scopes.js'
import { limited } from '../../src/keys/limiter.js'
import { hintOf } from '../../src/keys/key.js'
import { createVerdictCache, type VerdictCache, type VerdictCacheOptions, type VerdictSource } from '../../src/keys/verdict-cache.js'
import type { Caller, KeyVerifier, Verdict } from '../../src/keys/contract.js'

export const start = Date.parse('2027-01-01')

export interface Told {
  readonly verifier: VerdictCache
  /** The keys that the store was asked about. */
  readonly asked: string[]
  readonly clock: { at: number }
}

/** As the auth service stands behind one: 60 s, stale up to 600 s, with the limiter. */
export function openRemoteLike (verify: KeyVerifier['verify']): Told {
  return open(verify, limited, { cacheMs: 60_000, staleMs: 600_000 })
}

/** As a database stands behind one that tells of each change: unknown keys are kept, uses are collected. */
export function openToldOfChanges (verify: KeyVerifier['verify'], more: Partial<VerdictCacheOptions> = {}): Told {
  return open(verify, ask => ({ ask }), { cacheMs: Infinity, staleMs: 600_000, keepUnknown: true, collectUsed: true, ...more })
}

type SourceFor = (ask: VerdictSource['ask'], now: () => number) => VerdictSource

function open (verify: KeyVerifier['verify'], sourceFor: SourceFor, options: VerdictCacheOptions): Told {
  const clock = { at: start }
  const asked: string[] = []
  const now = (): number => clock.at
  const source = sourceFor((key, address) => {
    asked.push(key)
    return verify(key, address)
  }, now)
  return { verifier: createVerdictCache(source, { ...options, now }), asked, clock }
}

export function good (key: string): Verdict {
  return { valid: true, caller: callerFor(key) }
}

export function callerFor (key: string): Caller {
  const grants = { scopes: toScopes(['mlflow:read']), workspaces: [], ratePerHour: undefined, expiresAt: undefined }
  return { keyId: key, userId: 'u1', name: key, hint: hintOf(key), environment: 'other', ...grants }
}
