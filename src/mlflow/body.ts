/** The body of a request on its way to MLflow: small ones whole, others as a stream, chunked ones through the disk where MLflow would take them for empty. */
import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream, open } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { PassThrough, type Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { FacadeError, unavailable } from '../errors.js'

/** Up to this length a body goes out in one write with its head; a cut one then never reaches MLflow at all. */
export const smallMaxBytes = 64 * 1024

/** The caller broke its own upload: nothing to answer to. */
export class CutUploadError extends Error {
  constructor () { super('the upload was cut') }
}

/**
 * Gathers a body.
 * @throws FacadeError 413 above `maxBytes`; CutUploadError
 */
export async function gather (request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let length = 0
    request.on('data', take).once('end', end).once('close', cut)

    function take (chunk: Buffer): void {
      length += chunk.length
      if (length <= maxBytes) {
        chunks.push(chunk)
        return
      }
      leave()
      reject(new FacadeError('tooLarge', { reason: 'body_too_large' }))
    }

    function end (): void {
      leave()
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, length))
    }

    function cut (): void {
      leave()
      reject(new CutUploadError())
    }

    function leave (): void {
      request.off('data', take).off('end', end).off('close', cut)
    }
  })
}

/**
 * A stream of its own for undici, which destroys the body when MLflow answers early: destroying the request would take
 * the caller's socket with it, and the answer too.
 */
export function through (request: IncomingMessage): Readable {
  const body = new PassThrough({ highWaterMark: 256 * 1024 })
  body.on('error', () => {}) // undici reports it; without a listener it would be thrown
  request.once('close', () => { if (!request.complete) body.destroy(new CutUploadError()) })
  return request.pipe(body)
}

/**
 * Writes a chunked body to disk and gives it back with its length, for MLflow 3.9.0, which takes chunked bodies for empty.
 * The file has no name, so that nothing is left behind however this ends.
 * @throws FacadeError 413 above `maxBytes`, 503 where the disk fails; CutUploadError
 */
export async function spool (request: IncomingMessage, folder: string, maxBytes: number): Promise<{ length: number, body: Readable }> {
  const fd = await openNameless(folder).catch(diskFailed)
  const sink = createWriteStream('', { fd, autoClose: false }) // closes it only when it is destroyed: it is read next
  let length = 0
  let problem: Error | undefined
  request.on('data', (chunk: Buffer) => {
    length += chunk.length
    if (length <= maxBytes || problem !== undefined) return
    problem = new FacadeError('tooLarge', { reason: 'spool_limit', message: `The chunked body is larger than ${maxBytes} bytes. Send it with a Content-Length.` })
    sink.destroy(problem)
  })
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
  return { length, body: createReadStream('', { fd, start: 0, highWaterMark: 256 * 1024 }) }
}

async function openNameless (folder: string): Promise<number> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, randomUUID())
  const fd = await promisify(open)(file, 'wx+', 0o600)
  await rm(file)
  return fd
}

function diskFailed (cause: unknown): never {
  throw unavailable('The upload could not be spooled to disk.', 'spool_failed', cause)
}
