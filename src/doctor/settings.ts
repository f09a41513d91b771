/** Checks of what the settings say by themselves, beyond being well formed. */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { exposure } from '../core/folder.js'
import { keepFreeBytes, spoolFolder, spoolTotalOf } from '../proxy/spool.js'
import { type Check, error, fine, warning } from './check.js'

/** MLflow's client waits this long for an answer and then asks again (MLFLOW_HTTP_REQUEST_TIMEOUT). */
const clientWaitMs = 120_000
const idleLeastMs = 60_000

export const settingsChecks: readonly Check[] = [
  {
    id: 'data-dir',
    about: '`DATA_DIR` is writable, by this user only, and its disk has room for the largest chunked upload (`SPOOL_MAX_BYTES`, `SPOOL_TOTAL_BYTES`)',
    async run ({ config: { dataDir, spoolMaxBytes, spoolTotalBytes, workers } }) {
      const folder = nearestFolder(resolve(dataDir))
      try { accessSync(folder, constants.W_OK | constants.X_OK) } catch {
        return error(
          `DATA_DIR (${dataDir}) cannot be written by this user.`,
          'give this user the right to write there, or set DATA_DIR to another folder'
        )
      }
      const open = existsSync(dataDir) ? exposure(dataDir) : undefined
      if (open !== undefined) return warning(open, `give the facade a folder that only its user can enter: chmod 700 ${dataDir}`)
      const { bavail, bsize } = statfsSync(folder)
      const free = bavail * bsize
      if (free < keepFreeBytes) {
        return warning(
          `The disk of DATA_DIR is nearly full (${size(free)} free): chunked uploads are refused, and soon neither keys nor their times of last use can be written.`,
          'free some, or move DATA_DIR to another disk'
        )
      }
      // Each worker has a share, of the default too.
      const bound = spoolTotalBytes ?? (workers === 1 ? Infinity : await spoolTotalOf(spoolFolder(dataDir)))
      const ofKey = bound / workers / 2
      if (ofKey < spoolMaxBytes) {
        const where = workers === 1 ? '' : ` at one of ${workers} workers`
        return warning(
          `A chunked upload may be up to ${size(spoolMaxBytes)}, but all of one key${where} together no more than ${size(ofKey)}.`,
          'raise SPOOL_TOTAL_BYTES, or lower SPOOL_MAX_BYTES'
        )
      }
      if (free < spoolMaxBytes) {
        return warning(
          `A chunked upload may be spooled to DATA_DIR up to ${size(spoolMaxBytes)}, but its disk has only ${size(free)} free.`,
          `free some, move DATA_DIR, or set SPOOL_MAX_BYTES=${Math.floor(free / 2)}`
        )
      }
      return fine(`can be written, ${size(free)} free`)
    }
  },
  {
    id: 'trust-proxy',
    about: 'forwarded headers are trusted from your load balancers and no one else',
    run ({ config: { trustProxy, publicUrl, tls } }) {
      const everyone = trustProxy.find(range => /\/0+$/.test(range))
      if (everyone !== undefined) {
        return error(
          `TRUST_PROXY=${everyone} lets every caller forge its address and the scheme.`,
          'set TRUST_PROXY to the addresses of your load balancers, such as 10.0.0.0/8'
        )
      }
      if (publicUrl?.protocol === 'https:' && tls === undefined && trustProxy.length === 0) {
        return warning(
          'PUBLIC_URL is https but the facade serves HTTP, so a load balancer must be in front. Its forwarded headers are not trusted, so all callers appear to have its address.',
          'set TRUST_PROXY to the addresses of your load balancers, such as 10.0.0.0/8'
        )
      }
      return fine(
        trustProxy.length === 0 ? 'no load balancer in front is known of' : `forwarded headers count from ${trustProxy.join(', ')}`
      )
    }
  },
  {
    id: 'sunset',
    about: 'old paths announce when they end',
    run ({ config: { legacy } }) {
      if (legacy.mode === 'gone') return fine('old paths have ended already')
      if (legacy.sunsetAt === undefined) {
        return warning(
          'Old paths are announced as deprecated, but without an end date, so nobody knows when they must have moved.',
          'set LEGACY_SUNSET to a date such as 2027-06-30'
        )
      }
      return fine(`old paths end on ${legacy.sunsetAt.toISOString().slice(0, 10)}`)
    }
  },
  {
    id: 'timeouts',
    about: 'the facade waits for MLflow at least as long as its client does, which would otherwise repeat a slow write',
    run ({ config: { upstream: { timeoutMs, idleTimeoutMs } } }) {
      if (timeoutMs < clientWaitMs) {
        return warning(
          `MLflow gets ${timeoutMs / 1000} s for an answer; its client would wait ${clientWaitMs / 1000} s, and repeats what ended in 504 although MLflow may have done it.`,
          'set MLFLOW_UPSTREAM_TIMEOUT=300'
        )
      }
      if (idleTimeoutMs < idleLeastMs) {
        return warning(
          `Transfers are cut after ${idleTimeoutMs / 1000} s of silence, which slow networks and object storage can exceed.`,
          'set MLFLOW_UPSTREAM_IDLE_TIMEOUT=300'
        )
      }
      return fine(`${timeoutMs / 1000} s for an answer, ${idleTimeoutMs / 1000} s of silence within a transfer`)
    }
  }
]

/** The folder, or the one above it that is there: DATA_DIR is made at the first start. */
function nearestFolder (path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path))
}

function size (bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`
}
