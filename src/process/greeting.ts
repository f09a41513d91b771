/** What people read when the facade listens. */
import { existsSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { Io } from '../core/io.js'
import { originFor, takesKeysInClear } from '../core/origin.js'
import { mount } from '../core/public-paths.js'
import type { Config } from '../core/settings/config.js'
import { firstKeyFile, firstKeySince, type FirstKey } from '../keys/first-key.js'
import type { Ports } from './ports.js'

interface Listening extends Ports {
  /** Undefined: this start made none. */
  readonly firstKey: FirstKey | undefined
}

/** Tells the log and the terminal where the facade listens, and that the first key still lies in its file. */
export function greet (config: Config, io: Io, log: Logger, { address, metrics, firstKey }: Listening): void {
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
  io.stderr.write(greeting(url, originFor(config, address.port), tokenLine(config, firstKey)))
}

/** The lines to copy. */
function greeting (url: string, origin: string, token: string): string {
  return `
Listening on ${url}

  export MLFLOW_TRACKING_URI=${origin}${mount}
  ${token}

  import mlflow
  with mlflow.start_run():
      mlflow.log_metric("answer", 42)

MLflow's pages ${origin}${mount}/   API ${origin}/docs   Start page ${origin}/

`
}

/** How a shell gets the key: from the file of the first one, as long as that is there. */
function tokenLine ({ dataDir }: Config, first: FirstKey | undefined): string {
  const file = first === undefined ? firstKeyFile(dataDir) : first.file
  if (file !== undefined && existsSync(file)) return `export MLFLOW_TRACKING_TOKEN=$(cat '${file.replaceAll("'", "'\\''")}')`
  return first === undefined
    ? '# export MLFLOW_TRACKING_TOKEN=KEY, made by: npx hokusai-mlflow keys create --name NAME'
    : '# and the line with the key, above'
}
