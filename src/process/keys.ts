/** The keys of a process that serves: its verifier, and what is said of the store in log and metrics. */
import type { Logger } from 'pino'
import type { Io } from '../core/io.js'
import { ConfigError, type Config } from '../core/settings/config.js'
import type { Metrics } from '../core/telemetry/metrics.js'
import { StoreUnavailableError, type KeyStore, type KeyVerifier } from '../keys/contract.js'
import { ensureFirstKey, type FirstKey } from '../keys/first-key.js'
import { KeyInputError } from '../keys/key-input.js'
import type { StoreListeners } from '../keys/listeners.js'
import { openStore, openVerifier, storeKind } from '../keys/open.js'
import { describeFailure } from '../observe/request-log.js'
import { StartError } from './start-error.js'

/** Who hears of what happens to keys and their limits. */
export interface Ears {
  readonly log: Logger
  readonly metrics: Metrics
}

/** The verifier; a store of our own that never held a key gets its first one. */
export async function openKeys (
  config: Config,
  io: Io,
  ears: Ears
): Promise<{ verifier: KeyVerifier; first: FirstKey | undefined }> {
  if (!storeKind(config.keys).managed) return { verifier: await openVerifierOnly(config, ears), first: undefined }
  const store = await openOwn(config, ears)
  return { verifier: await withTokens(store, config), first: await makeFirst(store, config, io) }
}

/** The first key alone, for processes that open their verifiers themselves. @throws as openKeys */
export async function makeFirstKey (config: Config, io: Io, ears: Ears): Promise<FirstKey | undefined> {
  if (!storeKind(config.keys).managed) return undefined
  const store = await openOwn(config, ears)
  try {
    return await makeFirst(store, config, io)
  } finally {
    await store.close()
  }
}

/** The greeting shows the key. A process that ends before it does so here, or nobody would ever know it. */
async function makeFirst (store: KeyStore, { dataDir }: Config, { stderr }: Io): Promise<FirstKey | undefined> {
  const first = await ensureFirstKey(store, dataDir, stderr)
  process.once('exit', () => {
    const key = first?.take()
    if (key !== undefined) stderr.write(`The first API key. It may do everything, and is shown only this once:\n\nexport MLFLOW_TRACKING_TOKEN=${key}\n`)
  })
  return first
}

/** The verifier alone, where another process has seen to the first key. @throws as openKeys */
export async function openVerifierOnly (config: Config, ears: Ears): Promise<KeyVerifier> {
  return await withTokens(await openVerifier(config.keys, listening(ears)).catch(rethrow), config)
}

/**
 * Takes tokens, too, where an issuer of them is configured; else nothing of that is loaded.
 * @throws ConfigError of roles that cannot be granted
 */
async function withTokens (verifier: KeyVerifier, { oidc, keys }: Config): Promise<KeyVerifier> {
  if (oidc === undefined) return verifier
  const [{ acceptTokens }, { grantsOf }] = await Promise.all([import('../keys/tokens/tokens.js'), import('../keys/tokens/roles.js')])
  try {
    grantsOf(oidc.roles)
    return oidc.audience === undefined ? verifier : acceptTokens(verifier, { ...oidc, audience: oidc.audience }, keys)
  } catch (error) {
    await verifier.close()
    throw error instanceof KeyInputError ? new ConfigError([`OIDC_ROLES has a role that cannot be granted: ${error.message}`]) : error
  }
}

async function openOwn ({ keys }: Config, ears: Ears): Promise<KeyStore> {
  return await openStore(keys, listening(ears)).catch(rethrow)
}

function listening ({ log, metrics }: Ears): StoreListeners {
  return {
    report (problem) {
      metrics.writeFailures.inc({ what: problem.what })
      log.warn({ error: problem.message }, 'key store')
    },
    onLink (lost) {
      metrics.keyStoreLinkUp.set(lost === undefined ? 1 : 0)
      if (lost === undefined) log.info('the key store notifies of changes again')
      else log.error({ error: describeFailure(lost) }, 'the key store no longer notifies of changes: every key is checked again and again')
    }
  }
}

/** What a store says that cannot be opened, as a start says it. */
function rethrow (error: Error): never {
  if (!(error instanceof StoreUnavailableError)) throw error
  throw /disk is full/.test(error.message)
    ? new StartError('The disk of the key store is full: free some space, or set DATA_DIR to a folder on another disk.')
    : new ConfigError([`KEYS_URL names a key store that cannot be opened: ${error.message}`])
}
