/** A stand-in for an OpenTelemetry collector: takes spans by OTLP over HTTP (protobuf), and shows them. */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'

export interface SentSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly name: string
  /** 2: server, 3: client. */
  readonly kind: number
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, string | number | boolean>>
  readonly isError: boolean
  readonly resource: Readonly<Record<string, string | number | boolean>>
}

export interface Collector {
  readonly url: string
  readonly spans: SentSpan[]
  /** Of the requests that came. */
  readonly heads: Array<{ readonly path: string, readonly headers: IncomingHttpHeaders }>
}

export async function startCollector (t: { teardown: (fn: () => unknown) => void }): Promise<Collector> {
  const spans: SentSpan[] = []
  const heads: Collector['heads'] = []
  const server = createServer((request, response) => {
    heads.push({ path: request.url ?? '', headers: request.headers })
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      const body = Buffer.concat(parts)
      spans.push(...spansIn(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body))
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, heads }
}

/** Field numbers of opentelemetry/proto/trace/v1/trace.proto and what it imports. */
function spansIn (request: Buffer): SentSpan[] {
  return messages(fieldsOf(request), 1).flatMap(resourceSpans => {
    const resource = attributesIn(messages(messages(resourceSpans, 1)[0] ?? new Map(), 1))
    return messages(resourceSpans, 2).flatMap(scopeSpans => messages(scopeSpans, 2)).map(span => ({
      traceId: bytes(span, 1).toString('hex'),
      spanId: bytes(span, 2).toString('hex'),
      parentSpanId: bytes(span, 4).toString('hex'),
      name: bytes(span, 5).toString(),
      kind: Number(span.get(6)?.[0] ?? 0),
      startMs: Number(span.get(7)?.[0] ?? 0) / 1e6,
      endMs: Number(span.get(8)?.[0] ?? 0) / 1e6,
      attributes: attributesIn(messages(span, 9)),
      isError: Number(messages(span, 15)[0]?.get(3)?.[0] ?? 0) === 2,
      resource
    }))
  })
}

type Fields = ReadonlyMap<number, ReadonlyArray<Buffer | bigint>>

function attributesIn (pairs: readonly Fields[]): Record<string, string | number | boolean> {
  return Object.fromEntries(pairs.map(pair => {
    const value = messages(pair, 2)[0] ?? new Map()
    const [text] = value.get(1) ?? []
    const [flag] = value.get(2) ?? []
    return [bytes(pair, 1).toString(), text !== undefined ? String(text) : flag !== undefined ? flag === 1n : Number(value.get(3)?.[0] ?? 0)]
  }))
}

function messages (fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).filter(value => Buffer.isBuffer(value)).map(fieldsOf)
}

function bytes (fields: Fields, number: number): Buffer {
  const [value] = fields.get(number) ?? []
  return Buffer.isBuffer(value) ? value : Buffer.alloc(0)
}

/** The fields of a message in protobuf's wire format. */
function fieldsOf (message: Buffer): Fields {
  const found = new Map<number, Array<Buffer | bigint>>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] ?? 0
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  const take = (length: number): Buffer => {
    at += length
    return message.subarray(at - length, at)
  }
  while (at < message.length) {
    const key = Number(varint())
    const read: Readonly<Record<number, () => Buffer | bigint>> = {
      0: varint,
      1: () => take(8).readBigUInt64LE(),
      2: () => take(Number(varint())),
      5: () => BigInt(take(4).readUInt32LE())
    }
    const value = read[key & 7]?.()
    if (value === undefined) throw new Error(`wire type ${key & 7}`)
    found.set(key >> 3, [...found.get(key >> 3) ?? [], value])
  }
  return found
}
