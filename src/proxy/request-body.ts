/** The body of a request on its way to MLflow: small ones whole, others as a stream. */
import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import { FacadeError } from '../core/errors.js'
import type { RequestHead } from '../http/request-head.js'

/** Up to this length a body goes out in one write with its head; a cut one then never reaches MLflow at all. */
const smallMaxBytes = 64 * 1024

/** MLflow reads the body of a GET, and `requests.get(json=…)` sends one; who sends more than this means something else. */
export const getBodyMaxBytes = 1024 * 1024

/** The caller broke its own upload: nothing to answer to. */
export class CutUploadError extends Error {
  constructor () { super('the upload was cut') }
}

/**
 * Gathers a body.
 * @param tooLarge makes the error for more than `maxBytes`; without it 413
 * @throws that error; CutUploadError
 */
export async function gather (request: IncomingMessage, maxBytes: number, tooLarge: () => FacadeError = bodyTooLargeToRead): Promise<Buffer> {
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
      reject(tooLarge())
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
 * @param maxBytes above it the stream breaks with a 413
 */
export function through (request: IncomingMessage, maxBytes: number = Infinity): Readable {
  const body = new PassThrough({ highWaterMark: 256 * 1024 })
  body.on('error', () => {}) // undici reports it; without a listener it would be thrown
  request.once('close', () => { if (!request.complete) body.destroy(new CutUploadError()) })
  if (maxBytes !== Infinity) count(request, body, maxBytes)
  return request.pipe(body)
}

export function hasBody ({ contentLength, transferEncoding }: Pick<RequestHead, 'contentLength' | 'transferEncoding'>): boolean {
  return transferEncoding !== undefined || Number(contentLength ?? 0) > 0
}

/** A body as it is sent on: none, a small one whole, any other as a stream. */
export function bodyOf (request: IncomingMessage, { contentLength, transferEncoding }: Pick<RequestHead, 'contentLength' | 'transferEncoding'>): Promise<Buffer> | Readable | null {
  if (transferEncoding !== undefined) return through(request)
  const length = Number(contentLength ?? 0)
  if (length === 0) return null
  return length <= smallMaxBytes ? gather(request, smallMaxBytes) : through(request)
}

function count (request: IncomingMessage, body: Readable, maxBytes: number): void {
  let length = 0
  request.on('data', function take (chunk: Buffer): void {
    length += chunk.length
    if (length <= maxBytes) return
    request.off('data', take)
    body.destroy(bodyTooLarge(maxBytes))
  })
}

function bodyTooLargeToRead (): FacadeError {
  return new FacadeError('tooLarge', { reason: 'body_too_large' })
}

export function getBodyTooLarge (): FacadeError {
  return new FacadeError('badRequest', { message: 'A GET request must not have a body of more than 1 MiB.', reason: 'malformed' })
}

/** For a body of an operation that moves no artifact. */
export function bodyTooLarge (maxBytes: number): FacadeError {
  return new FacadeError('tooLarge', { message: `The body is larger than ${maxBytes} bytes, which is the limit of this server for all but artifacts.`, reason: 'body_too_large' })
}
