/** Chunked bodies on their way through the disk, for an MLflow that takes such bodies for empty: all of them together have a bound. */
import { randomUUID } from 'node:crypto'
import { close, createReadStream, createWriteStream, open } from 'node:fs'
import { mkdir, rm, statfs } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { dirname, join } from 'node:path'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { FacadeError, unavailable } from '../core/errors.js'
import { CutUploadError, type OutgoingBody } from './request-body.js'

/** What stays free on the disk, since keys, counts and perhaps MLflow's own data are written there too. */
export const keepFreeBytes = 256 * 1024 ** 2

const totalMaxBytes = 20 * 1024 ** 3

/** After so many bytes it is looked again what others have left free. */
const lookBytes = 16 * 1024 ** 2

export interface Spool {
  /**
   * Writes a body to disk and gives it back with its length. The file has no name, so that nothing is left behind however this
   * ends; its space is free again when the body is closed.
   * @param keyId whose body it is: one key has half of the bound at most
   * @param maxBytes bound of this body, with the error for a larger one
   * @throws FacadeError 413; 503 where there is no room, before a byte is read if there is none at all, or where the disk
   * fails; CutUploadError
   */
  take: (request: IncomingMessage, keyId: string, maxBytes: number, tooLarge: (maxBytes: number) => FacadeError) => Promise<OutgoingBody>
}

/** Where they go on their way. */
export function spoolFolder (dataDir: string): string {
  return join(dataDir, 'spool')
}

/** What all spooled bodies may take where nothing is said: half of what is free now, 20 GiB at most. */
export async function spoolTotalOf (folder: string): Promise<number> {
  return Math.min(totalMaxBytes, Math.floor(await freeOn(dirname(folder)).catch(() => Infinity) / 2))
}

/**
 * How long a chunked body will be nobody knows, so what it takes is counted as it comes: one begins only where there is room, and the
 * one that finds none left ends and frees its space at once. To set its largest size aside would let four uploads of 5 GiB fill the bound.
 * @param totalBytes undefined: as `spoolTotalOf` says
 */
export async function openSpool (folder: string, totalBytes: number | undefined): Promise<Spool> {
  const total = totalBytes ?? await spoolTotalOf(folder)
  let takenBytes = 0
  const takenByKey = new Map<string, number>()
  /** What the disk had at the last look, less what was taken since: the disk is not asked for each chunk. */
  let diskBytes = 0
  let unseenBytes = 0

  async function look (): Promise<void> {
    unseenBytes = 0
    diskBytes = await freeOn(folder) - keepFreeBytes
  }

  function hasTaken (keyId: string, bytes: number): void {
    takenBytes += bytes
    const ofKey = (takenByKey.get(keyId) ?? 0) + bytes
    if (ofKey > 0) takenByKey.set(keyId, ofKey)
    else takenByKey.delete(keyId)
  }

  /** Whether there is room for so many bytes more. */
  function hasRoom (keyId: string, bytes: number): boolean {
    return takenBytes + bytes <= total && (takenByKey.get(keyId) ?? 0) + bytes <= total / 2
  }

  /** Whether it fitted. */
  function grow (keyId: string, bytes: number): boolean {
    hasTaken(keyId, bytes)
    diskBytes -= bytes
    unseenBytes += bytes
    if (unseenBytes > lookBytes) look().catch(() => {}) // a disk that cannot tell fails the write, too
    return hasRoom(keyId, 0) && diskBytes >= 0
  }

  async function take (
    request: IncomingMessage,
    keyId: string,
    maxBytes: number,
    tooLarge: (maxBytes: number) => FacadeError
  ): Promise<OutgoingBody> {
    const fd = await begin(keyId).catch(diskFailed)
    const sink = createWriteStream('', { fd, autoClose: false }) // closes it only when it is destroyed: it is read next
    let length = 0
    const free = (): void => {
      request.off('data', count) // of one that failed more may be read, so that its caller can read the answer
      hasTaken(keyId, -length)
    }
    sink.once('close', free)
    const count = (chunk: Buffer): void => {
      length += chunk.length
      const fits = grow(keyId, chunk.length)
      if (fits && length <= maxBytes) return
      request.off('data', count)
      sink.destroy(fits ? tooLarge(maxBytes) : full())
    }
    request.on('data', count)
    request.once('close', () => { if (!request.complete) sink.destroy(new CutUploadError()) })
    if (request.destroyed) sink.destroy(new CutUploadError())
    else request.pipe(sink)
    try {
      await finished(sink)
    } catch (error) {
      sink.destroy()
      if (error instanceof FacadeError || error instanceof CutUploadError) throw error
      diskFailed(error)
    }
    const body = createReadStream('', { fd, start: 0, highWaterMark: 256 * 1024 })
    body.once('close', free).on('error', () => {}) // undici reports it, once it has the stream; until then it would be thrown
    return { length: String(length), body }
  }

  async function begin (keyId: string): Promise<number> {
    if (!hasRoom(keyId, 1)) throw full()
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await look()
    if (diskBytes <= 0) throw full()
    const file = join(folder, randomUUID())
    const fd = await promisify(open)(file, 'wx+', 0o600)
    try {
      await rm(file)
    } catch (error) {
      close(fd, () => {})
      throw error
    }
    return fd
  }

  return { take }
}

async function freeOn (folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

function full (): FacadeError {
  return unavailable('There is no room for another chunked body right now. Send it with a Content-Length, or try again later.', 'spool_full')
}

function diskFailed (cause: unknown): never {
  if (cause instanceof FacadeError) throw cause
  if ((cause as NodeJS.ErrnoException).code === 'ENOSPC') throw full()
  throw unavailable('The upload could not be spooled to disk.', 'spool_failed', cause)
}
