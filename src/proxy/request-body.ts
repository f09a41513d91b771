/** The body of a request on its way to MLflow: small ones whole, others as a stream. */
import type { IncomingMessage } from 'node:http'
import { PassThrough, type Readable } from 'node:stream'
import { FacadeError } from '../core/errors.js'
import type { RequestHead } from '../http/connection/request-head.js'

/** Up to this length a body goes out in one write with its head; a cut one then never reaches MLflow at all. */
const smallMaxBytes = 64 * 1024

/** What of a body goes out, and the length that it has then; a stream may have none. */
export interface OutgoingBody {
  readonly body: Readable | Buffer | null
  readonly length: string | undefined
}

/** The caller broke its own upload: nothing to answer to. */
export class CutUploadError extends Error {
  constructor () { super('the upload was cut') }
}

/**
 * Gathers a body.
 * @param tooLarge makes the error for more than `maxBytes`; without it 413
 * @throws that error; CutUploadError
 */
export async function gather (
  request: IncomingMessage,
  maxBytes: number,
  tooLarge: () => FacadeError = bodyTooLargeToRead
): Promise<Buffer> {
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

/** A body as it is sent on: none, a small one whole, any other as a stream. */
export function bodyOf (request: IncomingMessage, { contentLength, transferEncoding }: RequestHead): OutgoingBody | Promise<OutgoingBody> {
  if (transferEncoding !== undefined) return { body: through(request), length: contentLength }
  const length = Number(contentLength ?? 0)
  if (length === 0) return { body: null, length: contentLength }
  return length <= smallMaxBytes ? whole(gather(request, smallMaxBytes)) : { body: through(request), length: contentLength }
}

/** A body that was gathered, with the length that it turned out to have. */
export async function whole (gathered: Promise<Buffer>): Promise<OutgoingBody> {
  return ofBody(await gathered)
}

/** One that is there. */
export function ofBody (body: Buffer): OutgoingBody {
  return { body, length: String(body.length) }
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

/** For a body of an operation that moves no artifact. */
export function bodyTooLarge (maxBytes: number): FacadeError {
  return new FacadeError('tooLarge', {
    message: `The body is larger than ${maxBytes} bytes, this server's limit for everything but artifacts.`,
    reason: 'body_too_large'
  })
}
