/** Checks of the key store, and of a key where one is given. */
import { firstKeyFile, firstKeySince } from '../keys/first-key.js'
import { NotAcceptedError, StoreBusyError, type Verdict as KeyVerdict } from '../keys/contract.js'
import { openStore, openVerifier, storeKind } from '../keys/open.js'
import type { Config } from '../core/settings/config.js'
import { type Check, error, fine, skipped, type Verdict, warning } from './check.js'
import { notRunning } from './mlflow.js'

/** Names that were in use: a facade and an auth service that did not agree on one were an outage. */
const serviceIds = ['platform', 'ml-platform']
const dayMs = 86_400_000
const noKey = 'no key was given: set HOKUSAI_API_KEY, or use --key'

export const keyChecks: readonly Check[] = [
  {
    id: 'key-store',
    about: 'the key store or the auth service does not answer, or a key database in SQLite is on a network file system',
    async run ({ config: { keys } }) {
      const { managed, exists, obstacle, remedy } = storeKind(keys)
      try {
        const found = await obstacle()
        if (found !== undefined) return error(found, 'hokusai-mlflow keys migrate --to postgres://…, then set KEYS_URL to that')
        if (!await exists()) return fine('there is no key store yet: the first start creates it, with an admin key')
        const verifier = await openVerifier(keys)
        try { await verifier.check() } finally { await verifier.close() }
        return fine(managed ? 'the key store can be read' : 'the auth service answers')
      } catch (fault) {
        return error(sentence(fault), remedy)
      }
    }
  },
  {
    id: 'key',
    about: 'the given key is refused, or has no scopes',
    async run ({ config: { keys }, key }) {
      if (key === undefined) return skipped(noKey)
      try {
        if (!await storeKind(keys).exists()) return error('The key cannot be valid: there is no key store yet.', 'hokusai-mlflow keys create --name NAME')
        const verifier = await openVerifier(keys)
        try { return judge(await verifier.verify(key, '127.0.0.1'), keys) } finally { await verifier.close() }
      } catch (fault) {
        return skipped(`the key store cannot be asked: ${sentence(fault)}`)
      }
    }
  },
  {
    id: 'workspaces',
    about: 'keys are tied to workspaces, but MLflow does not separate workspaces (`--enable-workspaces`), so they are refused',
    async run ({ config: { keys }, layout }) {
      if (layout === undefined) return skipped(notRunning)
      if (layout.workspaces === true) return fine('MLflow separates workspaces')
      const { managed, exists } = storeKind(keys)
      try {
        if (!managed || !await exists()) return fine('no key is tied to workspaces')
        const store = await openStore(keys)
        const records = await store.list().finally(store.close)
        const tied = records.filter(({ workspaces, revokedAt }) => workspaces.length > 0 && revokedAt === undefined).length
        if (tied === 0) return fine('no key is tied to workspaces')
        return warning(`${tied === 1 ? 'A key is' : `${tied} keys are`} tied to workspaces, but MLflow ${layout.version} does not separate workspaces: every request gets 403.`, 'start MLflow (3.10 or later) with --enable-workspaces, or create keys without --workspace')
      } catch (fault) {
        return skipped(`the key store cannot be asked: ${sentence(fault)}`)
      }
    }
  },
  {
    id: 'admin-key',
    about: 'the first admin key has been in `DATA_DIR/admin-key` for more than a day',
    run ({ config: { dataDir } }) {
      const since = firstKeySince(dataDir)
      if (since === undefined) return fine('there is no admin key in DATA_DIR')
      const message = `The first admin key has been in DATA_DIR/admin-key since ${since.toISOString()}: whoever reads that file may do everything.`
      return Date.now() - since.getTime() < dayMs ? fine(message) : warning(message, `store the key elsewhere, or create an admin key for each administrator: hokusai-mlflow keys create --name NAME --scopes mlflow:admin; then rm '${firstKeyFile(dataDir)}'`)
    }
  },
  {
    id: 'service-id',
    about: 'the auth service does not know the facade by `AUTH_SERVICE_ID`',
    async run ({ config: { keys }, key }) {
      if (storeKind(keys).managed) return fine('keys are checked here, without an auth service')
      if (key === undefined) return skipped(noKey)
      try {
        const own = await verdictOn(keys, key)
        if (own === 'valid') return fine(`the auth service accepts the key for ${keys.serviceId}`)
        for (const serviceId of serviceIds.filter(other => other !== keys.serviceId)) {
          if (await verdictOn({ ...keys, serviceId }, key) === 'valid') return error(`The auth service refuses the key for service "${keys.serviceId}" but accepts it for "${serviceId}".`, `set AUTH_SERVICE_ID=${serviceId}`)
        }
        if (own instanceof NotAcceptedError) return error(own.message, 'set AUTH_SERVICE_ID to the name by which the auth service knows this facade')
        return skipped('the auth service refuses the key for every known service name: is KEYS_URL its address?')
      } catch (fault) {
        return skipped(`the auth service cannot be asked: ${sentence(fault)}`)
      }
    }
  }
]

function judge (verdict: KeyVerdict, keys: Config['keys']): Verdict {
  if (!verdict.valid) {
    if (verdict.reason === 'balance') return error('The key is valid, but its owner has no balance left.', 'top up the balance on the platform')
    return error(`The key is refused (${verdict.reason}).`, storeKind(keys).managed ? 'hokusai-mlflow keys create --name NAME' : 'create a new key on the platform; see also the check service-id')
  }
  const { scopes } = verdict.caller
  if (scopes.size > 0) return fine(`the key is valid, with ${[...scopes].join(', ')}`)
  return warning('The key is valid but has no scopes, so it may do nothing.', storeKind(keys).managed ? 'hokusai-mlflow keys create --name NAME --scopes mlflow:read,mlflow:write' : 'set AUTH_EMPTY_SCOPES=read, or give the key scopes on the platform')
}

async function verdictOn (keys: Config['keys'], key: string): Promise<'valid' | 'refused' | NotAcceptedError> {
  const service = await openVerifier(keys)
  try {
    return (await service.verify(key, '127.0.0.1')).valid ? 'valid' : 'refused'
  } catch (fault) {
    if (fault instanceof NotAcceptedError) return fault
    if (fault instanceof StoreBusyError) return 'refused'
    throw fault
  } finally {
    await service.close()
  }
}

function sentence (fault: unknown): string {
  return fault instanceof Error ? fault.message : String(fault)
}
