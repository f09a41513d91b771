/** The MLflow of our own, where none is configured. */
import type { Io } from '../core/io.js'
import type { Config } from '../core/settings/config.js'
import { openLocalMlflow, type LocalMlflow } from '../mlflow/managed/mlflow.js'
import { StartError } from './start-error.js'

export interface StartOptions {
  /** Lets an MLflow of our own upgrade a database that an older one wrote. */
  readonly upgradeDatabase: boolean
}

/** @throws LocalMlflowError */
export async function openLocal (
  { dataDir, mlflowPython, upstream }: Config,
  io: Io,
  { upgradeDatabase }: StartOptions
): Promise<LocalMlflow | undefined> {
  if (upstream.url !== undefined) return undefined
  return await openLocalMlflow({
    dataDir,
    python: mlflowPython,
    env: io.env,
    log: line => io.stderr.write(`${line}\n`),
    allowUpgrade: upgradeDatabase
  })
}

/** Where MLflow is: as configured, or our own. */
export function placeOf ({ upstream }: Config, local: Pick<LocalMlflow, 'url' | 'socketPath'> | undefined): Pick<LocalMlflow, 'url' | 'socketPath'> {
  const url = upstream.url ?? local?.url
  if (url === undefined) throw new StartError('There is no MLflow to forward to.')
  return { url, socketPath: local?.socketPath }
}
