/** Holds calls and answers against the document: parameters, body, status, headers and content, each complaint a sentence. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import type { Document, Json } from '../../../src/endpoints/openapi/document.js'

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Sent {
  readonly parameters: Readonly<Record<string, unknown>>
  readonly body: unknown
}

export interface Contract {
  readonly operations: ReadonlyMap<string, Described>
  /** What is wrong with a request, according to the document. */
  readonly request: (id: string, sent: Sent) => string[]
  /** What is wrong with an answer. */
  readonly answer: (id: string, answered: Answered) => string[]
}

export interface Described {
  readonly method: string
  readonly path: string
  readonly server: string
  readonly operation: Operation
}

interface Operation {
  readonly operationId: string
  readonly tags: readonly string[]
  readonly parameters?: ReadonlyArray<{ readonly name: string, readonly in: string, readonly required?: boolean }>
  readonly requestBody?: { readonly required?: boolean, readonly content: Readonly<Record<string, unknown>> }
  readonly responses: Readonly<Record<string, unknown>>
  readonly servers?: ReadonlyArray<{ readonly url: string }>
}

interface ResponseObject {
  readonly headers?: Readonly<Record<string, { readonly $ref?: string, readonly required?: boolean }>>
  readonly content?: Readonly<Record<string, unknown>>
}

export function openContract (document: Document): Contract {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateFormats: true })
  formats.default(ajv)
  ajv.addFormat('int32', { type: 'number', validate: value => Number.isInteger(value) && Math.abs(value) <= 2 ** 31 })
  ajv.addFormat('int64', { type: 'number', validate: Number.isInteger })
  ajv.addFormat('double', true)
  ajv.addFormat('float', true)
  ajv.addSchema(document, 'document')
  const compiled = new Map<string, ValidateFunction>()
  const operations = new Map(Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, entry]) => {
    const operation = entry as unknown as Operation
    return [operation.operationId, { method: method.toUpperCase(), path, server: operation.servers?.[0]?.url ?? '/mlflow', operation }] as const
  })))

  return { operations, request, answer }

  function request (id: string, { parameters, body }: Sent): string[] {
    const { operation } = described(id)
    const known = operation.parameters ?? []
    const complaints = Object.keys(parameters).filter(name => !known.some(parameter => parameter.name === name)).map(name => `has no parameter ${name}`)
    known.forEach((parameter, index) => {
      const value = parameters[parameter.name]
      if (value === undefined) complaints.push(...parameter.required ? [`needs the parameter ${parameter.name}`] : [])
      else complaints.push(...check(['parameters', index, 'schema'], id, value))
    })
    if (operation.requestBody === undefined) return body === undefined ? complaints : [...complaints, 'has no body']
    if (body === undefined) return operation.requestBody.required ? [...complaints, 'needs a body'] : complaints
    if (Buffer.isBuffer(body)) return complaints
    return [...complaints, ...check(['requestBody', 'content', 'application/json', 'schema'], id, body)]
  }

  function answer (id: string, { status, headers, body }: Answered): string[] {
    const { operation } = described(id)
    const reference = operation.responses[status] as (ResponseObject & { readonly $ref?: string }) | undefined
    if (reference === undefined) return [`answers ${status}, which the document has not: ${body.toString().slice(0, 300)}`]
    const where = reference.$ref?.slice(2).split('/') ?? ['paths', described(id).path, described(id).method.toLowerCase(), 'responses', status]
    const response = resolve(where) as unknown as ResponseObject
    return [...headerComplaints(where, response, headers), ...contentComplaints(where, response, headers['content-type'] ?? '', body)].map(complaint => `${status} ${complaint}`)
  }

  function headerComplaints (where: ReadonlyArray<string | number>, response: ResponseObject, headers: Readonly<Record<string, string>>): string[] {
    return Object.entries(response.headers ?? {}).flatMap(([name, header]) => {
      const at = header.$ref?.slice(2).split('/') ?? [...where, 'headers', name]
      const value = headers[name.toLowerCase()]
      if (value === undefined) return (resolve(at) as { required?: boolean }).required ? [`has no header ${name}`] : []
      return checkAt([...at, 'schema'], /^\d+$/.test(value) && name === 'Retry-After' ? Number(value) : value).map(complaint => `${name} ${complaint}`)
    })
  }

  function contentComplaints (where: ReadonlyArray<string | number>, { content }: ResponseObject, type: string, body: Buffer): string[] {
    if (content === undefined) return body.length === 0 || body.toString() === '{}' ? [] : ['has a body, which the document has not']
    const plain = type.split(';')[0]?.trim() ?? ''
    const media = [plain, '*/*'].find(name => content[name] !== undefined)
    if (media === undefined) return [`is ${plain || 'of no type'}: ${body.toString().slice(0, 200)}`]
    if (media !== 'application/json') return media.startsWith('text/plain') || media === 'text/html' ? checkAt([...where, 'content', media, 'schema'], body.toString()) : []
    let value: unknown
    try { value = JSON.parse(body.toString()) } catch { return ['is not JSON'] }
    return checkAt([...where, 'content', media, 'schema'], value)
  }

  function described (id: string): Described {
    const found = operations.get(id)
    if (found === undefined) throw new Error(`The document has no operation ${id}.`)
    return found
  }

  function check (where: ReadonlyArray<string | number>, id: string, value: unknown): string[] {
    const { path, method } = described(id)
    return checkAt(['paths', path, method.toLowerCase(), ...where], value)
  }

  function checkAt (where: ReadonlyArray<string | number>, value: unknown): string[] {
    const pointer = where.map(part => encodeURIComponent(String(part).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: `document#/${pointer}` })
    compiled.set(pointer, validate)
    if (validate(value)) return []
    return (validate.errors ?? []).filter(({ keyword }) => keyword !== 'anyOf').map(({ instancePath, message, params }) => `${instancePath || '/'} ${message ?? ''} ${JSON.stringify(params)}`)
  }

  function resolve (where: ReadonlyArray<string | number>): Json {
    return where.reduce<unknown>((value, key) => (value as Record<string, unknown>)[String(key)], document) as Json
  }
}
