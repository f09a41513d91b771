/** What a request names, by the rule of its operation. Pure. */
import { climbs } from '../access/artifact-path.js'
import type { Verb } from '../access/permissions.js'
import { archiveTag, placeTags } from '../access/places.js'
import { artifactPathIn } from './artifact.js'
import { thingsOfGraphql } from './graphql-things.js'
import { thingsMax, type Thing } from './judge.js'
import { UnreadableError } from './json-text.js'
import type { Message } from './message.js'
import type { Ask, Rule, Special } from './rules.js'
import { tracesIn } from './spans.js'

/** A request, as far as it was read. */
export interface Reading {
  /** The path of the operation in the table. */
  readonly template: string
  /** What the operation does by its class. */
  readonly verb: Verb
  /** Raw, below the mount, without its query. */
  readonly path: string
  readonly message: Message
  readonly query: Message
  readonly header: (name: string) => string | undefined
  /** The bytes, where the rule asks for more than fields of a message. */
  readonly body: Buffer | undefined
}

/** Tag by which MLflow knows a prompt among its registered models. */
export const promptTag = 'mlflow.prompt.is_prompt'

/**
 * All that a request names, each once.
 * @throws UnreadableError where something is missing, or cannot be read in one way only
 */
export function thingsOf (rule: Extract<Rule, { asks: readonly Ask[] }>, reading: Reading): Thing[] {
  const things = rule.asks.flatMap(ask => thingsBy(ask, reading))
  if (things.length === 0 && rule.asks.length > 0) throw missing(rule.asks.flatMap(({ fields }) => fields).join(' or '))
  if (rule.also !== undefined) things.push(...further[rule.also](reading))
  checkPaths(reading)
  const distinct = [...new Map(things.map(thing => [`${thing.kind} ${thing.verb} ${thing.value}`, thing])).values()]
  if (distinct.length > thingsMax) throw new UnreadableError(`The request names more than ${thingsMax} things.`)
  return distinct
}

const pathFields = ['path', 'artifact_file_path', 'artifact_directory_path']

/** MLflow takes none that leads out of the files of what is named; neither do we. */
function checkPaths ({ message, query }: Reading): void {
  const paths = pathFields.flatMap(name => [...query.pick(name), ...message.pick(name)])
  if (paths.some(climbs)) throw new UnreadableError('The artifact path leads out of what it belongs to.')
}

function thingsBy ({ kind, place, fields, verb, optional }: Ask, reading: Reading): Thing[] {
  const given = fields.map(field => valuesAt(place, field, reading)).filter(values => values.length > 0)
  // MLflow's client says both, with one value
  if (given.length > 1 && new Set(given.flat()).size > 1) throw new UnreadableError(`The request holds both ${fields.join(' and ')}, and they differ.`)
  const values = (given[0] ?? []).filter(value => value !== '' || optional === undefined)
  if (kind === 'nothing') {
    if (values.length > 0) throw new UnreadableError(`The field ${fields.join()} must not be given by a key that is bound.`)
    return []
  }
  if (values.length === 0 && optional === undefined) throw missing(fields.join(' or '))
  return values.map(value => ({ kind, value, verb: verb ?? reading.verb }))
}

function valuesAt (place: Ask['place'], field: string, { template, path, message, query, header }: Reading): readonly string[] {
  switch (place) {
    case 'message':
      return message.pick(field)
    case 'query':
      return query.pick(field)
    case 'header': {
      const value = header(field)
      return value === undefined ? [] : [value]
    }
    case 'path': {
      const value = field === 'artifact_path' ? artifactPathIn(path) : segmentOf(template, path, field)
      if (value === undefined) throw new UnreadableError('The path is written in a way that cannot be judged.')
      return [value]
    }
  }
}

/** A parameter of one segment. Its beginning must be written as MLflow writes it. */
function segmentOf (template: string, path: string, name: string): string | undefined {
  const segments = path.split('/')
  const parts = template.split('/')
  const index = parts.indexOf(`{${name}}`)
  if (index === -1) return undefined
  const isAsWritten = parts.slice(1, index).every((part, at) => part === segments[at + 1] || (part === 'api' && segments[at + 1] === 'ajax-api'))
  const value = segments[index] ?? ''
  return isAsWritten && value !== '' && !value.includes('%') && isAscii(value) ? value : undefined
}

function isAscii (text: string): boolean {
  return [...text].every(char => char > ' ' && char < '\x7f')
}

const further: Readonly<Record<Special, (reading: Reading) => Thing[]>> = {
  graphql: ({ body }) => thingsOfGraphql(body ?? Buffer.alloc(0)),
  newModel: reading => [newModel(reading)],
  renamed: reading => [renamed(reading)],
  spans: ({ body, verb }) => tracesIn(body ?? Buffer.alloc(0)).map(value => ({ kind: 'newTrace', value, verb })),
  tagged ({ message }) {
    if (!message.pick('key').includes(promptTag)) return []
    throw new UnreadableError('A key that is bound does not change whether a registered model is a prompt.')
  },
  traceTags
}

/** A tag of a trace may say where its data lies: it must say what MLflow said itself. The 2.22 client sends all tags when a trace ends. */
function traceTags ({ template, path, message, verb }: Reading): Thing[] {
  // mlflow.artifactLocation is MLflow's own there, whatever is sent
  if (message.names('trace.trace_info.tags').includes(archiveTag)) throw new UnreadableError('A key that is bound does not say where a trace is archived.')
  const keys = [...message.pick('key'), ...message.pick('tags[].key')]
  if (!keys.some(key => placeTags.has(key))) return []
  const values = [...message.pick('value'), ...message.pick('tags[].value')]
  const trace = segmentOf(template, path, 'request_id') ?? segmentOf(template, path, 'trace_id')
  if (trace === undefined || values.length !== keys.length) throw new UnreadableError('The tags cannot be judged.')
  return values.filter((_, index) => placeTags.has(keys[index])).map(value => ({ kind: 'traceFiles', value, as: trace, verb }))
}

/** A new registered model is a prompt by its tag. */
function newModel ({ message, verb }: Reading): Thing {
  const value = only(message, 'name')
  const keys = message.pick('tags[].key')
  const index = keys.indexOf(promptTag)
  if (index === -1) return { kind: 'newModel', value, verb }
  const values = message.pick('tags[].value')
  if (values.length !== keys.length || keys.lastIndexOf(promptTag) !== index || values[index] !== 'true') {
    throw new UnreadableError(`The tag ${promptTag} must be given once, and be "true".`)
  }
  return { kind: 'newPrompt', value, verb }
}

/** A model stays one under its new name, and a prompt one. */
function renamed ({ message, verb }: Reading): Thing {
  return { kind: 'registered', value: only(message, 'new_name'), as: only(message, 'name'), verb }
}

function only (message: Message, field: string): string {
  const [value] = message.pick(field)
  if (value === undefined) throw missing(field)
  return value
}

function missing (field: string): UnreadableError {
  return new UnreadableError(`The request must name ${field}, so that it can be judged.`)
}
