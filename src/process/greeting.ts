/** What people read when the facade listens. */
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { resolve } from 'node:path'
import type { Io } from '../core/io.js'
import { originFor, takesKeysInClear } from '../core/origin.js'
import { mount } from '../core/public-paths.js'
import type { Config } from '../core/settings/config.js'
import type { Log } from '../core/telemetry/log.js'
import { firstKeyFile, firstKeySince, type FirstKey } from '../keys/first-key.js'
import type { LocalMlflow } from '../mlflow/managed/mlflow.js'
import type { Ports } from './ports.js'

interface Listening extends Ports {
  /** Undefined: this start made none. */
  readonly firstKey: FirstKey | undefined
  /** An MLflow of our own, which may still have to be installed. */
  readonly local: Pick<LocalMlflow, 'state'> | undefined
}

/** How often it is looked whether an MLflow of our own is ready. */
const lookMs = 100

/** Tells the log and the terminal where the facade listens, and that the first key still lies in its file; then what to copy. */
export function greet (config: Config, io: Io, { log, flush }: Pick<Log, 'log' | 'flush'>, listening: Listening): void {
  const { address, metrics, firstKey, local } = listening
  const since = firstKey === undefined ? firstKeySince(config.dataDir) : undefined
  if (since !== undefined) {
    log.warn(
      { since },
      'the first admin key is still in DATA_DIR/admin-key: store it elsewhere, or create keys for people, and remove the file'
    )
  }
  if (takesKeysInClear(config)) {
    log.warn('API keys travel in clear text: HOST is not a loopback address, and neither TLS_CERT_FILE nor a PUBLIC_URL with https is set')
  }
  const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
  const url = `${config.tls === undefined ? 'http' : 'https'}://${host}:${address.port}`
  log.info({ url, metrics: metrics === undefined ? undefined : (metrics.address() as AddressInfo).port }, 'listening')
  io.stderr.write(`Listening on ${url}\n`)
  whenReady(local, () => {
    flush() // nothing of the log between the lines to copy
    io.stderr.write(block(originFor(config, address.port), tokenLine(config, firstKey)))
  })
}

/** At once, unless MLflow is our own: before it is ready, who copies the lines sees them fail. */
function whenReady (local: Listening['local'], then: () => void): void {
  if (local === undefined) {
    then()
    return
  }
  const look = setInterval(() => {
    if (local.state().phase !== 'ready') return
    clearInterval(look)
    then()
  }, lookMs).unref()
}

/** What to copy, as it stands: the whole into a shell, the lines in the middle into Python. */
function block (origin: string, token: string): string {
  return `
MLflow's pages ${origin}${mount}/   API ${origin}/docs   Start page ${origin}/
Paste this into a shell (it needs: pip install mlflow):

export MLFLOW_TRACKING_URI=${origin}${mount}
${token}
python3 - <<'END'
import mlflow
with mlflow.start_run():
    mlflow.log_metric("answer", 42)

END

`
}

/** How a shell gets the key: from the file of the first one, as long as that is there. */
function tokenLine ({ dataDir }: Config, first: FirstKey | undefined): string {
  const key = first?.take()
  if (key !== undefined) return `# The first API key. It may do everything, and is shown only this once.\nexport MLFLOW_TRACKING_TOKEN=${key}`
  const file = resolve(firstKeyFile(dataDir))
  return existsSync(file)
    ? `export MLFLOW_TRACKING_TOKEN=$(cat '${file.replaceAll("'", "'\\''")}')`
    : '# export MLFLOW_TRACKING_TOKEN=KEY, made by: npx hokusai-mlflow keys create --name NAME'
}
