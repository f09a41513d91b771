/** Requests that our own client sends: plain ones, byte for byte as undici would. */
import { remembering } from '../../core/remembering.js'
import type { PooledRequest } from '../pooled.js'

/** A body up to this length goes out in one write with its head. */
const bodyMaxBytes = 64 * 1024

/** Whether undici announces the length of an empty body. */
const methods = new Map([
  ...['GET', 'HEAD', 'OPTIONS', 'DELETE'].map(method => [method, false] as const),
  ...['POST', 'PUT', 'PATCH'].map(method => [method, true] as const)
])

const notOfPath = /[^\x21-\xff]/
const notOfName = /[^\w!#$%&'*+.^`|~-]/
const notOfValue = /[^\t\x20-\x7e\x80-\xff]/
/** What undici refuses, or what changes more than a line of the head. */
const special = new Set(['connection', 'keep-alive', 'upgrade', 'transfer-encoding', 'expect'])

type Kind = 'host' | 'content-length' | 'not plain' | 'field'

const kindOf = remembering((name): Kind => {
  const lower = name.toLowerCase()
  if (lower === 'host' || lower === 'content-length') return lower
  return name === '' || notOfName.test(name) || special.has(lower) ? 'not plain' : 'field'
})

/** @returns the head of a request, undefined where it is undici's to send or to refuse: it is not plain */
export function plainHead ({ outgoing: { method, path }, headers, body }: PooledRequest): string | undefined {
  const expectsBody = methods.get(method)
  if (expectsBody === undefined || !path.startsWith('/') || notOfPath.test(path)) return undefined
  if (body !== null && !(expectsBody && Buffer.isBuffer(body) && body.length <= bodyMaxBytes)) return undefined
  let host: string | undefined
  let announced: string | undefined
  let fields = ''
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]
    const value = headers[index + 1]
    if (name === undefined || value === undefined || notOfValue.test(value)) return undefined
    const kind = kindOf(name)
    if (kind === 'field') fields += `${name}: ${value}\r\n`
    else if (kind === 'host' && host === undefined) host = value
    else if (kind === 'content-length' && announced === undefined) announced = value
    else return undefined
  }
  const length = body === null ? 0 : body.length
  if (host === undefined || Number(announced ?? length) !== length) return undefined
  // undici sends no second request behind a HEAD, whose answer servers may get wrong.
  const connection = method === 'HEAD' ? 'close' : 'keep-alive'
  const framing = length > 0 || expectsBody ? `content-length: ${length}\r\n\r\n` : '\r\n'
  return `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${connection}\r\n${fields}${framing}`
}

/** Head and body for one write. */
export function whole (head: string, body: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(head.length + body.length)
  bytes.write(head, 'latin1')
  body.copy(bytes, head.length)
  return bytes
}
