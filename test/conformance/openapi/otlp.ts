/** Writes OTLP's JSON form of a trace as protobuf, which is all that MLflow before 3.17 takes. It knows the fields that the scenario uses. */

type Kind = 'text' | 'hex' | 'varint' | 'fixed64' | 'double' | keyof typeof messages

/** Numbers and kinds of fields by their JSON names (opentelemetry-proto 1.x: trace/v1, common/v1). */
const messages = {
  request: { resourceSpans: [1, 'resourceSpans'] },
  resourceSpans: { resource: [1, 'resource'], scopeSpans: [2, 'scopeSpans'] },
  resource: { attributes: [1, 'attribute'] },
  scopeSpans: { scope: [1, 'scope'], spans: [2, 'span'] },
  scope: { name: [1, 'text'] },
  span: {
    traceId: [1, 'hex'],
    spanId: [2, 'hex'],
    parentSpanId: [4, 'hex'],
    name: [5, 'text'],
    kind: [6, 'varint'],
    startTimeUnixNano: [7, 'fixed64'],
    endTimeUnixNano: [8, 'fixed64'],
    attributes: [9, 'attribute'],
    events: [11, 'event'],
    status: [15, 'status']
  },
  event: { timeUnixNano: [1, 'fixed64'], name: [2, 'text'], attributes: [3, 'attribute'] },
  status: { message: [2, 'text'], code: [3, 'varint'] },
  attribute: { key: [1, 'text'], value: [2, 'value'] },
  value: { stringValue: [1, 'text'], boolValue: [2, 'varint'], intValue: [3, 'varint'], doubleValue: [4, 'double'], arrayValue: [5, 'array'] },
  array: { values: [1, 'value'] }
} as const

/** An `ExportTraceServiceRequest`. @throws for a field that is not in the table */
export function toProtobuf (request: object): Buffer {
  return message('request', request)
}

function message (name: keyof typeof messages, value: object): Buffer {
  const fields: Readonly<Record<string, readonly [number, Kind]>> = messages[name]
  return Buffer.concat(Object.entries(value).flatMap(([key, given]: [string, unknown]) => {
    const found = fields[key]
    if (found === undefined) throw new Error(`The message ${name} has no field ${key} here: add its number.`)
    return (Array.isArray(given) ? given as unknown[] : [given]).map(item => field(...found, item))
  }))
}

/** Wire types: 0 a varint, 1 eight bytes, 2 bytes with their length before them. */
function field (number: number, kind: Kind, value: unknown): Buffer {
  const tag = (wireType: number): Buffer => varint(BigInt(number << 3 | wireType))
  if (kind === 'varint') return Buffer.concat([tag(0), varint(BigInt(value as string | number | boolean))])
  if (kind === 'fixed64' || kind === 'double') {
    const eight = Buffer.alloc(8)
    if (kind === 'double') eight.writeDoubleLE(value as number)
    else eight.writeBigUInt64LE(BigInt(value as string))
    return Buffer.concat([tag(1), eight])
  }
  const bytes = kind === 'text' || kind === 'hex' ? Buffer.from(value as string, kind === 'hex' ? 'hex' : 'utf8') : message(kind, value as object)
  return Buffer.concat([tag(2), varint(BigInt(bytes.length)), bytes])
}

function varint (value: bigint): Buffer {
  const bytes: number[] = []
  for (; value > 127n; value >>= 7n) bytes.push(Number(value & 127n) | 128)
  return Buffer.from([...bytes, Number(value)])
}
