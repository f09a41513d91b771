/** DATA_DIR in the hands of one facade. */
import { rmSync } from 'node:fs'
import { lockDataDir, type DataDirLock } from '../core/data-dir-lock.js'
import { spoolFolder } from '../proxy/spool.js'

/** Locks the folder, and removes what a crash left in the spool: nobody else uses it. @throws as lockDataDir */
export function claimDataDir (dataDir: string): DataDirLock {
  const lock = lockDataDir(dataDir)
  rmSync(spoolFolder(dataDir), { recursive: true, force: true })
  return lock
}
