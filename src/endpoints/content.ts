/** Content that is the same for everyone: kept once with what compression makes of it, and revalidated by its entity tag. */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { FacadeError } from '../core/errors.js'

export type Coding = 'br' | 'gzip' | 'identity'

/** The content in one coding. All answers share the buffer. */
interface Form {
  readonly coding: Coding
  /** Strong, so different for each coding (RFC 9110, section 8.8.3.3). */
  readonly etag: string
  readonly body: Buffer
}

export interface Content {
  readonly type: string
  /** The smallest first. */
  readonly forms: readonly Form[]
}

/** Brotli's best level takes fifteen times as long and saves a tenth (measured on the document). */
const brotliQuality = 9

/** Compresses content, away from the event loop. A coding that makes it no smaller is left out. */
export async function compress (type: string, body: Buffer): Promise<Content> {
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(body, {
      params: { [constants.BROTLI_PARAM_QUALITY]: brotliQuality, [constants.BROTLI_PARAM_SIZE_HINT]: body.length }
    }),
    promisify(gzip)(body, { level: constants.Z_BEST_COMPRESSION })
  ])
  const hash = createHash('sha256').update(body).digest('base64url').slice(0, 22)
  const smaller: readonly Form[] = [{ coding: 'br', etag: `"${hash}-br"`, body: br }, { coding: 'gzip', etag: `"${hash}-gzip"`, body: gz }]
  return { type, forms: [...smaller.filter(form => form.body.length < body.length), { coding: 'identity', etag: `"${hash}"`, body }] }
}

/**
 * Answers with the content, or with 304 to whoever has it.
 * @throws FacadeError 406 where the caller takes none of its codings
 */
export function answer (request: FastifyRequest, reply: FastifyReply, { type, forms }: Content): FastifyReply {
  const coding = chooseCoding(request.headers['accept-encoding'], forms.map(form => form.coding))
  const form = forms.find(form => form.coding === coding)
  if (form === undefined) {
    const message = 'Accept-Encoding allows none of identity, gzip and br.'
    throw new FacadeError('badRequest', { status: 406, message, reason: 'not_acceptable', headers: { vary: 'Accept-Encoding' } })
  }
  void reply.headers({ 'cache-control': 'no-cache', vary: 'Accept-Encoding', etag: form.etag })
  if (isKnown(request.headers['if-none-match'], form.etag)) return reply.code(304).send()
  if (form.coding !== 'identity') void reply.header('content-encoding', form.coding)
  return reply.type(type).send(form.body)
}

/** A longer Accept-Encoding is not read: browsers send 30 characters. */
const acceptedMaxLength = 1024

/** Below the least weight that can be given: what nobody speaks of is taken where nothing else is. */
const unlisted = 0.0001

/**
 * The coding that an Accept-Encoding likes best (RFC 9110, section 12.5.3); undefined where it refuses all of them.
 * @param offered in the order of our own liking
 */
export function chooseCoding (accepted: string | undefined, offered: readonly Coding[]): Coding | undefined {
  // None is "any" by the letter, but callers who send none mostly cannot decode.
  if (accepted === undefined || accepted.length > acceptedMaxLength) return 'identity'
  const weights = new Map<string, number>()
  for (const part of accepted.toLowerCase().split(',')) {
    const [name = '', ...parameters] = part.split(';').map(text => text.trim())
    const quality = parameters.find(text => text.startsWith('q='))
    weights.set(name === 'x-gzip' ? 'gzip' : name, quality === undefined ? 1 : Number(quality.slice(2)) || 0)
  }
  let best: Coding | undefined
  let most = 0
  for (const coding of offered) {
    const weight = weights.get(coding) ?? weights.get('*') ?? (coding === 'identity' ? unlisted : 0)
    if (weight <= most) continue
    best = coding
    most = weight
  }
  return best
}

/**
 * Whether an If-None-Match names the tag, compared weakly (RFC 9110, section 13.1.2): proxies that compress make tags weak.
 * @param etag with its quotes, which can stand in no other tag
 */
export function isKnown (given: string | undefined, etag: string): boolean {
  if (given === undefined) return false
  return given.trim() === '*' || given.includes(etag)
}
