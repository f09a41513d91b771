/** Events in a file, a line each: appended whole, and put aside by size. */
import { open, rename, rm, type FileHandle } from 'node:fs/promises'
import { openQueue, type Waiting } from '../queue.js'
import type { AuditSink, OnProblem } from '../sink.js'

/** Lines wait so long for others, and go out in blocks of this length. */
const waitMs = 100
const blockLength = 64 * 1024
/** What may wait for a disk that takes nothing, in characters. */
const heldMaxLength = 4 * 1024 * 1024

export interface FileOptions {
  readonly maxBytes: number
  readonly files: number
}

/** Opens nothing yet. */
export function openFileSink (file: string, options: FileOptions, tell: OnProblem): AuditSink {
  return openQueue({
    waitMs,
    heldMaxLength,
    batchOf: countOfBlock,
    write: async (batch, onWritten) => await append(file, options, batch.map(({ line }) => line), onWritten),
    tell
  })
}

function countOfBlock (waiting: readonly Waiting[]): number {
  let length = 0
  let count = 0
  for (const { line } of waiting) {
    length += line.length
    if (count > 0 && length > blockLength) break
    count++
  }
  return count
}

/**
 * Appends lines. The file is opened for each block, so that who moves or removes it need not tell us, and others may append to it
 * (commands do). A torn line, which a full disk or a crash leaves, is ended first: what follows stays whole.
 * @param onWritten told how many lines are there whole
 * @throws the error of the file system
 */
async function append (
  file: string,
  { maxBytes, files }: FileOptions,
  lines: readonly string[],
  onWritten: (lines: number) => void
): Promise<void> {
  const bytes = lines.map(line => Buffer.from(line))
  let handle = await open(file, 'a+', 0o600)
  try {
    const { size } = await handle.stat()
    const length = bytes.reduce((sum, line) => sum + line.length, 0)
    if (size > 0 && size + length > maxBytes) {
      await handle.close()
      await putAside(file, files)
      handle = await open(file, 'a+', 0o600)
    }
    const end = await isTorn(handle) ? Buffer.from('\n') : Buffer.alloc(0)
    await writeWhole(handle, Buffer.concat([end, ...bytes]), written => onWritten(countWithin(bytes, written - end.length)))
  } finally {
    await handle.close().catch(() => {}) // it may be closed already
  }
}

async function isTorn (handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat()
  if (size === 0) return false
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== 0x0a
}

/** A disk that fills takes a part, and fails at the next try. */
async function writeWhole (handle: FileHandle, bytes: Buffer, onWritten: (bytes: number) => void): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, written)
    written += bytesWritten
    onWritten(written)
  }
}

function countWithin (lines: readonly Buffer[], bytes: number): number {
  let count = 0
  for (let left = bytes - (lines[0]?.length ?? 0); count < lines.length && left >= 0; left -= lines[count]?.length ?? 0) count++
  return count
}

/** `FILE` becomes `FILE.1`, that one `FILE.2`, and the last goes. */
async function putAside (file: string, files: number): Promise<void> {
  if (files === 1) {
    await rm(file, { force: true })
    return
  }
  for (let number = files - 1; number > 0; number--) {
    const before = number === 1 ? file : `${file}.${number - 1}`
    await rename(before, `${file}.${number}`).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'ENOENT') throw error })
  }
}
