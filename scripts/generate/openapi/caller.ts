/** Calls operations by their id, as the document describes them, and keeps what was sent and answered with all complaints. */
import type { Answered, Contract, Described } from './contract.js'

export interface Call {
  /** Of path, query and headers, by name. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** An object is sent as JSON, a buffer as it is. */
  readonly body?: unknown
  readonly type?: string
  /** What is expected; default 200. `any`: what the document has, and perhaps not the whole of it. */
  readonly status?: number | 'any'
  /** The request is wrong on purpose: it is not held against the document. */
  readonly wrong?: true
  /** No key is sent. */
  readonly anonymous?: true
  /** As a page of the facade sends it; a redirect is not followed. */
  readonly fromPage?: true
}

export interface Exchange {
  readonly id: string
  readonly call: Call
  readonly answered: Answered
  readonly complaints: readonly string[]
  readonly tookMs: number
}

/** What an answer holds, by a path such as `run.info.run_id`. */
export interface Reply {
  readonly at: (path: string) => string
  readonly value: unknown
}

/** A request as it goes over the wire. */
export interface Prepared {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
}

/** Is handed each request before it is sent; what it returns is called when it was answered. */
export type Around = (id: string, request: Prepared, call: Call) => Promise<(() => Promise<void>) | undefined>

export interface Caller {
  /** Of the MLflow behind. */
  readonly version: string
  /** Whether the MLflow behind has an operation. */
  readonly has: (id: string) => boolean
  /** Whether an operation takes a body of a media type. */
  readonly takes: (id: string, type: string) => boolean
  readonly call: (id: string, call?: Call) => Promise<Reply>
  readonly records: Exchange[]
}

export interface Target {
  /** Origin of the facade. */
  readonly url: string
  readonly key: string
  readonly contract: Contract
  readonly version: string
  /** Is told of each call. */
  readonly report?: (exchange: Exchange) => void
  readonly around?: Around
}

export function openCaller ({ url, key, contract, version, report = () => {}, around = async () => undefined }: Target): Caller {
  const records: Exchange[] = []
  return {
    version,
    has: id => contract.operations.has(id),
    takes: (id, type) => contract.operations.get(id)?.operation.requestBody?.content[type] !== undefined,
    call,
    records
  }

  async function call (id: string, given: Call = {}): Promise<Reply> {
    const described = contract.operations.get(id)
    if (described === undefined) return { at: () => '', value: undefined }
    const request = prepare(described, given)
    const after = await around(id, request, given)
    const began = performance.now()
    const response = await fetch(url + request.target, {
      method: request.method,
      headers: { ...request.headers, ...given.anonymous ? {} : { authorization: `Bearer ${key}` }, ...given.fromPage ? { origin: url } : {} },
      redirect: given.fromPage ? 'manual' : 'follow',
      ...request.body === undefined ? {} : { body: typeof request.body === 'string' ? request.body : new Uint8Array(request.body) }
    })
    const { body, cut } = await bodyOf(response)
    const answered = { status: response.status, headers: Object.fromEntries(response.headers), body }
    const expected = given.status ?? 200
    const complaints = [
      ...cut === undefined || expected === 'any' ? [] : [`breaks off after ${body.length} bytes: ${cut}`],
      ...given.wrong ? [] : contract.request(id, { parameters: given.parameters ?? {}, body: given.body }),
      ...expected === 'any' || answered.status === expected ? [] : [`answers ${answered.status}, not ${expected}: ${answered.body.toString().slice(0, 300)}`],
      ...contract.answer(id, answered)
    ]
    const exchange = { id, call: given, answered, complaints, tookMs: Math.round(performance.now() - began) }
    await after?.()
    records.push(exchange)
    report(exchange)
    return replyOf(answered)
  }
}

/** The request of a call, without a key. */
function prepare ({ method, path, server, operation }: Described, { parameters = {}, body, type = 'application/json' }: Call): Prepared {
  const headers: Record<string, string> = body === undefined ? {} : { 'content-type': type }
  const query = new URLSearchParams()
  let target = path
  for (const [name, value] of Object.entries(parameters)) {
    const where = operation.parameters?.find(parameter => parameter.name === name)?.in
    if (where === 'path') target = target.replace(`{${name}}`, String(value).split('/').map(encodeURIComponent).join('/'))
    else if (where === 'header') headers[name] = String(value)
    else for (const item of Array.isArray(value) ? value : [value]) query.append(name, String(item))
  }
  return {
    method,
    target: `${server === '/' ? '' : server}${target}${query.size > 0 ? `?${query}` : ''}`,
    headers,
    ...body === undefined ? {} : { body: Buffer.isBuffer(body) ? body : JSON.stringify(body) }
  }
}

/** What came of a body, and why no more came of it. */
async function bodyOf (response: Response): Promise<{ readonly body: Buffer, readonly cut?: string }> {
  const chunks: Uint8Array[] = []
  try {
    for await (const chunk of response.body ?? []) chunks.push(chunk as Uint8Array)
  } catch (error) {
    return { body: Buffer.concat(chunks), cut: error instanceof Error ? error.message : String(error) }
  }
  return { body: Buffer.concat(chunks) }
}

function replyOf ({ body }: Answered): Reply {
  let value: unknown
  try { value = JSON.parse(body.toString()) } catch { /* bytes */ }
  const at = (path: string): string => {
    const found = path.split('.').reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], value)
    return found === undefined || found === null ? '' : String(found)
  }
  return { at, value }
}
