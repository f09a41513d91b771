/** Seeded mistakes: real answers, each changed in one place, that the document must tell from true ones. */
import type { Document } from '../../../src/endpoints/openapi/document.js'
import type { Answered, Contract } from './contract.js'
import { type leniencies, open, optional } from './exceptions.js'

/** One real answer. */
export interface Sample {
  readonly id: string
  readonly answered: Answered
}

export type Kind = 'drop' | 'type' | 'enum'

/** A place in a real answer that can be changed. */
export interface Site {
  readonly sample: Sample
  /** Keys and indexes from the root. */
  readonly path: readonly string[]
  readonly kind: Kind
  /** What is changed, by the name of its schema: the same for all answers that hold one. */
  readonly name: string
}

type Node = Readonly<Record<string, unknown>>

/** Every place whose change ought to be noticed: fields that are in all answers, values that have a type, names from a list. */
export function sites (document: Document, samples: readonly Sample[]): Site[] {
  const found: Site[] = []
  const parents = new Map<string, number>()
  const fields = new Map<string, number>()
  for (const sample of samples) {
    const { schema, name } = schemaOf(document, sample)
    if (schema === undefined) continue
    visit(sample, JSON.parse(sample.answered.body.toString()), schema, name, [])
  }
  return found.filter(site => site.kind !== 'drop' || fields.get(site.name) === parents.get(site.name.slice(0, site.name.lastIndexOf('.'))))

  function visit (sample: Sample, value: unknown, given: Node, at: string, path: readonly string[]): void {
    const { schema, name } = resolve(given, at)
    if (path.length > 0) found.push({ sample, path, kind: 'type', name: at })
    if (typeof value === 'string' && Array.isArray(schema['enum'])) found.push({ sample, path, kind: 'enum', name: at })
    if (Array.isArray(value)) {
      const { schema: { items } } = pick(schema, name, value)
      value.forEach((item, index) => visit(sample, item, (items ?? {}) as Node, `${name}[]`, [...path, String(index)]))
    } else if (typeof value === 'object' && value !== null) {
      const { schema: { properties, additionalProperties }, name: own } = pick(schema, name, value)
      if (properties === undefined) {
        for (const [key, item] of Object.entries(value)) visit(sample, item, (typeof additionalProperties === 'object' ? additionalProperties : {}) as Node, `${own}{}`, [...path, key])
        return
      }
      parents.set(own, (parents.get(own) ?? 0) + 1)
      for (const [key, item] of Object.entries(value)) {
        const field = `${own}.${key}`
        fields.set(field, (fields.get(field) ?? 0) + 1)
        found.push({ sample, path: [...path, key], kind: 'drop', name: field })
        visit(sample, item, ((properties as Node)[key] ?? {}) as Node, field, [...path, key])
      }
    }
  }

  function resolve (schema: Node, at: string): { schema: Node, name: string } {
    const reference = schema['$ref']
    if (typeof reference !== 'string') return { schema, name: at }
    const name = reference.split('/').at(-1) ?? ''
    return resolve(document.components.schemas[name] as Node, name)
  }

  /** The alternative of a schema that describes such a value. */
  function pick (schema: Node, at: string, value: object): { schema: Node, name: string } {
    const alternatives = (schema['anyOf'] as readonly Node[] | undefined)?.map(alternative => resolve(alternative, at)) ?? []
    const type = Array.isArray(value) ? 'array' : 'object'
    const fits = ({ schema: { type: own, required = [] } }: { schema: Node }): boolean => own === type && (required as string[]).every(name => name in value)
    return alternatives.find(fits) ?? { schema, name: at }
  }
}

/** Why a change that is not noticed need not be; undefined: it is a gap. */
export function leniency ({ sample, path, kind, name }: Site): keyof typeof leniencies | undefined {
  if (open.some(prefix => name.startsWith(prefix))) return 'open'
  if (kind !== 'drop') return undefined
  const value = path.reduce<unknown>((part, key) => (part as Record<string, unknown>)[key], JSON.parse(sample.answered.body.toString()))
  if (optional.includes(name)) return 'optional'
  return Array.isArray(value) || isMap(name) ? 'list' : undefined
}

/** Maps of the protos, which look like objects. */
function isMap (name: string): boolean {
  return /\.(?:tags|metadata|dimensions|trace_metadata|headers|auth_config)$/.test(name)
}

/** Whether the document notices the change. */
export function notices (contract: Contract, { sample, path, kind }: Site): boolean {
  const body = JSON.parse(sample.answered.body.toString()) as unknown
  const parent = path.slice(0, -1).reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], body) as Record<string, unknown>
  const key = path.at(-1) ?? ''
  if (kind === 'drop') delete parent[key]
  else parent[key] = kind === 'enum' ? 'INVENTED' : otherType(parent[key])
  return contract.answer(sample.id, { ...sample.answered, body: Buffer.from(JSON.stringify(body)) }).length > 0
}

/** So many different kinds of change, a place each, drawn by a seed: the same seed draws the same. */
export function draw (from: readonly Site[], count: number, seed: number): Site[] {
  let state = seed
  const next = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  const groups = new Map<string, Site[]>()
  for (const site of from) groups.set(`${site.kind} ${site.name}`, [...groups.get(`${site.kind} ${site.name}`) ?? [], site])
  const left = [...groups.values()]
  const drawn: Site[] = []
  while (drawn.length < count && left.length > 0) {
    const [group = []] = left.splice(Math.floor(next() * left.length), 1)
    const site = group[Math.floor(next() * group.length)]
    if (site !== undefined) drawn.push(site)
  }
  return drawn
}

function otherType (value: unknown): unknown {
  if (typeof value === 'string') return { changed: true }
  if (typeof value === 'number') return 'not a number'
  if (typeof value === 'boolean') return 'neither'
  if (value === null) return { changed: true }
  return 7
}

function schemaOf (document: Document, { id, answered }: Sample): { schema: Node | undefined, name: string } {
  for (const methods of Object.values(document.paths)) {
    for (const operation of Object.values(methods) as Node[]) {
      if (operation['operationId'] !== id) continue
      const response = (operation['responses'] as Node)[answered.status] as Node | undefined
      const content = response?.['content'] as Node | undefined
      if (!(answered.headers['content-type'] ?? '').startsWith('application/json') || answered.body.length === 0) return { schema: undefined, name: id }
      return { schema: (content?.['application/json'] as Node | undefined)?.['schema'] as Node | undefined, name: id }
    }
  }
  return { schema: undefined, name: id }
}
