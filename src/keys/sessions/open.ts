/** Opens the sessions that fit the key store: beside the keys where those are kept here, sealed in the cookie where they are not. */
import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Config } from '../../core/settings/config.js'
import { secret } from '../../core/settings/setting-values.js'
import { StoreUnavailableError, type KeyVerifier } from '../contract.js'
import type { People } from '../people/people.js'
import { openSealedSessions } from './sealed.js'
import type { Sessions } from './sessions.js'
import { openStoredSessions } from './stored.js'

/** The ways to sign in in a browser: with a key, and at the identity provider where one is configured; else nothing of that is loaded. */
export interface SignIns {
  readonly sessions: Sessions
  readonly people: People | undefined
}

export async function openSignIns (verifier: KeyVerifier, config: Pick<Config, 'sessions' | 'keys' | 'dataDir' | 'oidc'>): Promise<SignIns> {
  const { sessions: { secret: given, idleMs, maxMs }, keys: { staleMs }, dataDir, oidc } = config
  const own = openSessions(verifier, config)
  const client = oidc?.client
  if (oidc === undefined || client === undefined) return { sessions: own, people: undefined }
  const { openPeople, prefix } = await import('../people/people.js')
  const people = openPeople({ ...oidc, client }, { idleMs, maxMs, staleMs, secret: () => given ?? secretIn(dataDir) })
  const sessionsOf = (token: string): Omit<Sessions, 'begin'> => token.startsWith(prefix) ? people.sessions : own
  const sessions: Sessions = {
    begin: async (key, caller) => await own.begin(key, caller),
    verify: (token, address) => sessionsOf(token).verify(token, address),
    renew: token => sessionsOf(token).renew(token),
    end: async token => await sessionsOf(token).end(token)
  }
  return { sessions, people }
}

export function openSessions (verifier: KeyVerifier, { sessions, keys, dataDir }: Pick<Config, 'sessions' | 'keys' | 'dataDir'>): Sessions {
  const { idleMs, maxMs } = sessions
  if (verifier.sessions !== undefined) return openStoredSessions(verifier.sessions, { idleMs, maxMs, staleMs: keys.staleMs })
  return openSealedSessions(verifier, { idleMs, maxMs, secret: () => sessions.secret ?? secretIn(dataDir) })
}

/**
 * The secret of a facade that was given none. Workers may make it at the same time.
 * @throws StoreUnavailableError, also where the file is blank or cut, and whoever sees a cookie could guess the secret
 */
export function secretIn (dataDir: string): string {
  const found = secret(readOrMake(join(dataDir, 'session-secret')).trim())
  if (found === undefined) throw unusable(new Error('session-secret does not hold 32 to 1024 characters: remove it'))
  return found
}

function readOrMake (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(error)
  }
  const own = `${file}.${process.pid}`
  try {
    writeFileSync(own, randomBytes(32).toString('base64url'), { mode: 0o600, flush: true })
    linkSync(own, file) // whole or not at all, and never over one that is there
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(error)
  } finally {
    rmSync(own, { force: true })
  }
  return readFileSync(file, 'utf8')
}

function unusable (error: unknown): StoreUnavailableError {
  return new StoreUnavailableError('The secret of sessions in DATA_DIR cannot be read or made.', { cause: error })
}
