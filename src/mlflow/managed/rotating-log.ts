/** The log of an MLflow of our own, kept apart from ours and bounded: when the file is full it becomes `.1`, and the one before goes. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

export interface RotatingLog {
  readonly write: (text: string | Uint8Array) => void
  readonly close: () => void
}

/** @param maxBytes size at which the file is put aside; twice as much is kept in all */
export function openRotatingLog (file: string, maxBytes: number = 10 * 1024 ** 2): RotatingLog {
  let fd: number | undefined
  let size = 0

  function open (): void {
    fd = openSync(file, 'a', 0o600)
    size = fstatSync(fd).size
  }

  function close (): void {
    if (fd !== undefined) closeSync(fd)
    fd = undefined
  }

  return {
    close,
    write (text) {
      const bytes = typeof text === 'string' ? Buffer.from(text) : text
      try {
        if (fd === undefined) open()
        if (size > 0 && size + bytes.length > maxBytes) {
          close()
          renameSync(file, `${file}.1`)
          open()
        }
        if (fd !== undefined) size += writeSync(fd, bytes)
      } catch { /* a full disk must not stop the server whose log this is */ }
    }
  }
}
