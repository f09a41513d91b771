/** The body of an export of spans, inflated where it is compressed. */
import { promisify } from 'node:util'
import { gunzip, inflate } from 'node:zlib'
import { UnreadableError } from '../../permissions/json-text.js'
import { inflatedMaxBytes } from '../../permissions/spans.js'

const ways = { gzip: promisify(gunzip), deflate: promisify(inflate) }

/** @throws UnreadableError where it is something else than protobuf, or cannot be inflated */
export async function plainSpans (body: Buffer, type: string | undefined, encoding: string | undefined): Promise<Buffer> {
  if (type?.split(';')[0]?.trim().toLowerCase() !== 'application/x-protobuf') throw new UnreadableError('Spans are judged in protobuf alone (application/x-protobuf).')
  const way = encoding?.trim().toLowerCase() ?? ''
  if (way === '' || way === 'identity') return body
  if (way !== 'gzip' && way !== 'deflate') throw new UnreadableError('The spans are compressed in a way that is not known.')
  try {
    return await ways[way](body, { maxOutputLength: inflatedMaxBytes })
  } catch {
    throw new UnreadableError('The spans cannot be inflated, or are too many.')
  }
}
