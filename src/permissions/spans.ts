/**
 * The traces that an export of spans adds to, read from its protobuf (opentelemetry/proto/collector/trace/v1): MLflow adds a span to the
 * trace of its id, whichever experiment that belongs to. Pure, in time linear in the body.
 */
import { placeTags } from '../access/places.js'
import { UnreadableError } from './json-text.js'

/** Larger exports are not judged; exporters send some hundred spans at once. */
export const spansMaxBytes = 4 * 1024 * 1024
/** What a compressed one may become. */
export const inflatedMaxBytes = 16 * 1024 * 1024

/** An attribute by which MLflow before 3.12 lets a span say of which trace it is. */
const requestId = 'mlflow.traceRequestId'

/** What follows is the key of a tag that the trace gets (from MLflow 3.12 on; 3.17.2 takes any, its own as well). */
const tagPrefix = 'mlflow.traceTag.'

interface Field {
  readonly number: number
  /** Of a field with a length. */
  readonly bytes: Buffer | undefined
}

/**
 * Ids of the traces, as MLflow has them.
 * @throws UnreadableError for what is no such protobuf, or says two things of one span
 */
export function tracesIn (body: Buffer): string[] {
  const found = new Set<string>()
  for (const resource of inner(body, 1)) {
    for (const scope of inner(resource, 2)) for (const span of inner(scope, 2)) found.add(traceOf(span))
  }
  return [...found]
}

function traceOf (span: Buffer): string {
  const [id, ...more] = inner(span, 1)
  if (id === undefined || more.length > 0 || id.length !== 16) throw new UnreadableError('A span has no trace id, or several.')
  const trace = `tr-${id.toString('hex')}`
  for (const attribute of inner(span, 9)) {
    const keys = inner(attribute, 1).map(String)
    if (keys.some(key => key.startsWith(tagPrefix) && placeTags.has(key.slice(tagPrefix.length)))) {
      throw new UnreadableError('A span of a key that is bound does not say where the data of its trace lies.')
    }
    if (keys.includes(requestId) && (keys.length > 1 || !says(inner(attribute, 2), trace))) {
      throw new UnreadableError(`The attribute ${requestId} of a span must be the id of its trace.`)
    }
  }
  return trace
}

/** MLflow's client writes it as JSON. */
function says (values: readonly Buffer[], trace: string): boolean {
  const texts = values.flatMap(value => fieldsOf(value)).map(({ number, bytes }) => number === 1 ? String(bytes) : '')
  return values.length === 1 && texts.length === 1 && (texts[0] === trace || texts[0] === JSON.stringify(trace))
}

/** The fields of a number that are messages, texts or bytes. */
function inner (message: Buffer, number: number): Buffer[] {
  return fieldsOf(message).filter(field => field.number === number).map(({ bytes }) => {
    if (bytes === undefined) throw malformed()
    return bytes
  })
}

function fieldsOf (message: Buffer): Field[] {
  const fields: Field[] = []
  let at = 0
  while (at < message.length) {
    const [tag, start] = varint(message, at)
    const [length, end] = extent(message, start, tag & 7)
    if (end > message.length || tag < 8 || tag >= 2 ** 32) throw malformed()
    fields.push({ number: Math.floor(tag / 8), bytes: length === undefined ? undefined : message.subarray(end - length, end) })
    at = end
  }
  return fields
}

/** Length of what a field holds where it says so, and where the field ends. */
function extent (message: Buffer, at: number, type: number): readonly [number | undefined, number] {
  switch (type) {
    case 0:
      return [undefined, varint(message, at)[1]]
    case 1:
      return [undefined, at + 8]
    case 2: {
      const [length, start] = varint(message, at)
      return [length, start + length]
    }
    case 5:
      return [undefined, at + 4]
    default:
      throw malformed()
  }
}

/** A number and where it ends; what is too large for a length is too large. */
function varint (message: Buffer, from: number): readonly [number, number] {
  let value = 0
  for (let at = from; at < from + 10; at++) {
    const byte = message[at]
    if (byte === undefined) throw malformed()
    value += (byte & 0x7f) * 2 ** (7 * (at - from))
    if (byte < 0x80) return [value, at + 1]
  }
  throw malformed()
}

function malformed (): UnreadableError {
  return new UnreadableError('The body is no export of spans in protobuf.')
}
