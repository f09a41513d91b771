/** What can go wrong while an MLflow of our own is prepared, as one sentence each that says what to do. */
import type { PinnedMlflow } from './pinned.js'
import { UserError } from '../../core/user-error.js'

/** A sentence for people. It names settings, never a path or an address, so `/ready` may show it. */
export class LocalMlflowError extends UserError {}

/** The way out of everything that is wrong with Python. */
const instead = 'or set MLFLOW_UPSTREAM_URL to a running MLflow'

export function noPython (command: string, { python }: PinnedMlflow): LocalMlflowError {
  return new LocalMlflowError(
    `Python was not found: there is no command "${command}". Install Python ${python.join('.')} or newer, set MLFLOW_PYTHON to its command, ${instead}.`
  )
}

export function brokenPython (command: string): LocalMlflowError {
  return new LocalMlflowError(`"${command}" is not a working Python. Set MLFLOW_PYTHON to another one, ${instead}.`)
}

export function oldPython (command: string, found: string, { version, python }: PinnedMlflow): LocalMlflowError {
  return new LocalMlflowError(
    `"${command}" is Python ${found}, but MLflow ${version} needs ${python.join('.')} or newer. Set MLFLOW_PYTHON to a newer one, ${instead}.`
  )
}

export function noVenv (command: string): LocalMlflowError {
  return new LocalMlflowError(
    `"${command}" has no venv module. Install it (Debian and Ubuntu: apt install python3-venv), install uv, ${instead}.`
  )
}

export function fullDisk ({ version, diskBytes }: PinnedMlflow, freeBytes: number): LocalMlflowError {
  return new LocalMlflowError(
    `The disk of DATA_DIR has ${megabytes(freeBytes)} free, but MLflow ${version} needs about ${megabytes(diskBytes)}. Free some space, or set DATA_DIR to a folder on another disk.`
  )
}

export function fullDiskForCopy (freeBytes: number, wantedBytes: number): LocalMlflowError {
  return new LocalMlflowError(
    `The disk of DATA_DIR has ${megabytes(freeBytes)} free, but a copy of MLflow's database needs ${megabytes(wantedBytes)}. Free some space, or move DATA_DIR to another disk.`
  )
}

export function unusableFolder (code: string): LocalMlflowError {
  return new LocalMlflowError(
    `DATA_DIR cannot be written (${code}). Give this process's user write access, or set DATA_DIR to another folder.`
  )
}

/** `python -m venv` refuses a folder whose name would be cut in PATH. */
export function colonInFolder (): LocalMlflowError {
  return new LocalMlflowError('The path of DATA_DIR contains a colon, and Python creates no environment in such a folder. Set DATA_DIR to another one.')
}

export function brokenDatabase (): LocalMlflowError {
  return new LocalMlflowError(
    'The MLflow database in DATA_DIR (mlflow/mlflow.db) cannot be read as an MLflow database. Restore a backup (see mlflow/backups), or move the file away to start with an empty one.'
  )
}

export function olderDatabase (found: string, { version, schema }: PinnedMlflow): LocalMlflowError {
  return new LocalMlflowError(
    `The MLflow database in DATA_DIR has schema ${found}, but MLflow ${version} needs ${schema}. Start once with: npx hokusai-mlflow start --upgrade-database (it keeps the old database as a backup and upgrades a copy).`
  )
}

export function newerDatabase (found: string, { version }: PinnedMlflow): LocalMlflowError {
  return new LocalMlflowError(`The MLflow database in DATA_DIR was written by MLflow ${found}, newer than the built-in ${version}, and cannot be downgraded. Use a hokusai-mlflow release that includes ${found}, set MLFLOW_UPSTREAM_URL to your own MLflow ${found}, or set DATA_DIR to another folder.`)
}

export function failedUpgrade (): LocalMlflowError {
  return new LocalMlflowError(
    'MLflow could not upgrade its database, so the database was left unchanged; see mlflow.log in DATA_DIR. It may have been written by a newer MLflow: use the newer hokusai-mlflow, or set DATA_DIR to another folder.'
  )
}

const unreachable =
  /Failed to fetch|client error|dns error|\(from versions: none\)|NewConnectionError|Temporary failure in name resolution|Network is unreachable|ConnectTimeoutError|ReadTimeoutError|timed out/i
const full = /No space left on device|os error 28|Errno 28|Disk quota exceeded|disk is full/i
/** Below this an installer fails in ways of its own: `venv` then only says that ensurepip failed. */
const hardlyFreeBytes = 20_000_000

/** Names the failure of `uv` or `pip` from what it printed. */
export function failedInstall (output: string, release: PinnedMlflow, freeBytes: number): LocalMlflowError {
  if (full.test(output) || freeBytes < hardlyFreeBytes) return fullDisk(release, freeBytes)
  if (unreachable.test(output)) {
    return new LocalMlflowError(
      `MLflow ${release.version} could not be downloaded: the Python package index cannot be reached. Check the network, your proxy (HTTPS_PROXY) or your own index (UV_DEFAULT_INDEX, PIP_INDEX_URL).`
    )
  }
  return new LocalMlflowError(`MLflow ${release.version} could not be installed; mlflow.log in DATA_DIR has the installer's output.`)
}

function megabytes (bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`
}
