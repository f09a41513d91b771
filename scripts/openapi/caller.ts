/** Calls operations by their id, as the document describes them, and keeps what was sent and answered with all complaints. */
import type { Answered, Contract } from './contract.js'

export interface Call {
  /** Of path, query and headers, by name. */
  readonly parameters?: Readonly<Record<string, unknown>>
  /** An object is sent as JSON, a buffer as it is. */
  readonly body?: unknown
  readonly type?: string
  /** What is expected; default 200. `any`: what the document has. */
  readonly status?: number | 'any'
  /** The request is wrong on purpose: it is not held against the document. */
  readonly wrong?: true
  /** No key is sent. */
  readonly anonymous?: true
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

export interface Caller {
  /** Whether the MLflow behind has an operation. */
  readonly has: (id: string) => boolean
  readonly call: (id: string, call?: Call) => Promise<Reply>
  readonly records: Exchange[]
}

export interface Target {
  /** Origin of the facade. */
  readonly url: string
  readonly key: string
  readonly contract: Contract
  /** Is told of each call. */
  readonly report?: (exchange: Exchange) => void
}

export function openCaller ({ url, key, contract, report = () => {} }: Target): Caller {
  const records: Exchange[] = []
  return { has: id => contract.operations.has(id), call, records }

  async function call (id: string, given: Call = {}): Promise<Reply> {
    const described = contract.operations.get(id)
    if (described === undefined) return { at: () => '', value: undefined }
    const { method, path, server, operation } = described
    const headers: Record<string, string> = given.anonymous ? {} : { authorization: `Bearer ${key}` }
    const began = performance.now()
    const query = new URLSearchParams()
    let target = path
    for (const [name, value] of Object.entries(given.parameters ?? {})) {
      const where = operation.parameters?.find(parameter => parameter.name === name)?.in
      if (where === 'path') target = target.replace(`{${name}}`, String(value).split('/').map(encodeURIComponent).join('/'))
      else if (where === 'header') headers[name] = String(value)
      else for (const item of Array.isArray(value) ? value : [value]) query.append(name, String(item))
    }
    if (given.body !== undefined) headers['content-type'] = given.type ?? 'application/json'
    const response = await fetch(`${url}${server === '/' ? '' : server}${target}${query.size > 0 ? `?${query}` : ''}`, {
      method,
      headers,
      ...given.body === undefined ? {} : { body: Buffer.isBuffer(given.body) ? new Uint8Array(given.body) : JSON.stringify(given.body) }
    })
    const answered = { status: response.status, headers: Object.fromEntries(response.headers), body: Buffer.from(await response.arrayBuffer()) }
    const expected = given.status ?? 200
    const complaints = [
      ...given.wrong ? [] : contract.request(id, { parameters: given.parameters ?? {}, body: given.body }),
      ...expected === 'any' || answered.status === expected ? [] : [`answers ${answered.status}, not ${expected}: ${answered.body.toString().slice(0, 300)}`],
      ...contract.answer(id, answered)
    ]
    const exchange = { id, call: given, answered, complaints, tookMs: Math.round(performance.now() - began) }
    records.push(exchange)
    report(exchange)
    return replyOf(answered)
  }
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
