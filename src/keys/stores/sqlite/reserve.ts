/** Disk space that is set aside beside the key store, so that a key can be ended when the disk is full. */
import { closeSync, ftruncateSync, fstatSync, openSync, statfsSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { StoreUnavailableError } from '../../contract.js'

/** A revocation takes some 40 KiB, and the index of a log that has to be made first 32 KiB more (measured; SQLite 3.53, pages of 4 KiB). */
const reserveBytes = 1024 ** 2
const pieceBytes = 64 * 1024

/** Below this it is not filled up again: the disk is as good as full, and the space would be missing elsewhere. */
const easeBytes = 4 * reserveBytes

export interface Reserve {
  /**
   * Does the work. While it finds the disk full, a piece of the reserve is given back and it is tried again: piece by piece, since
   * somebody else may be faster to take it.
   * @throws what the work throws when nothing is left
   */
  readonly draw: <T>(work: () => T) => T
  /** Makes it whole, where the disk has room for that. */
  readonly refill: () => void
}

/** @param file the database */
export function openReserve (file: string): Reserve {
  const path = `${file}-reserve`

  function give (): boolean {
    try {
      return onFile(path, (fd, size) => {
        ftruncateSync(fd, Math.max(0, size - pieceBytes))
        return size > 0
      })
    } catch {
      return false
    }
  }

  function refill (): void {
    try {
      onFile(path, (fd, size) => {
        if (size >= reserveBytes) return
        const { bavail, bsize } = statfsSync(dirname(path))
        if (bavail * bsize < easeBytes) return
        writeSync(fd, randomBytes(reserveBytes - size), 0, reserveBytes - size, size) // zeros may take no space
      })
    } catch { /* what cannot be set aside is missing only when it is needed */ }
  }

  return {
    refill,
    draw (work) {
      for (;;) {
        try {
          return work()
        } catch (error) {
          if (!isFull(error) || !give()) throw error
        }
      }
    }
  }
}

function onFile<T> (path: string, work: (fd: number, size: number) => T): T {
  closeSync(openSync(path, 'a', 0o600)) // makes it where it is missing; what is opened to append could not be written at a place
  const fd = openSync(path, 'r+')
  try {
    return work(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}

/** SQLITE_FULL, and SQLITE_IOERR_SHMSIZE: the index of its log is mapped, and has an error of its own. */
const fullCodes: readonly unknown[] = [13, 4874]

function isFull (error: unknown): boolean {
  if (!(error instanceof StoreUnavailableError)) return false
  const { sqliteExtendedCode, code } = error.cause as { sqliteExtendedCode?: number, code?: string }
  return code === 'ENOSPC' || fullCodes.includes(sqliteExtendedCode)
}
