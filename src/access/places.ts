/**
 * Where messages to MLflow name a place that its server, or whoever loads a model, reads from or writes to later: the settings POLICY_… may
 * bound it. Pure.
 */
import type { PlacePolicy } from '../core/settings/policy-settings.js'
import type { UriRules } from '../core/settings/uri-rules.js'

export type PlaceKind = keyof PlacePolicy

interface Places {
  readonly kind: PlaceKind
  /** Names of fields, one within the other, as MLflow's messages have them. */
  readonly fields?: readonly (readonly string[])[]
  /** The message is a tag, or has a list of them, some of which name a place. */
  readonly tags?: 'itself' | 'list'
}

/** Tag of a trace that says where it is archived. */
export const archiveTag = 'mlflow.trace.archiveLocation'
/** Tags of a trace that say where its data lies. */
export const placeTags: ReadonlySet<unknown> = new Set(['mlflow.artifactLocation', archiveTag])

/** By MLflow's names of operations. Runs, logged models and traces get their places from their experiment. */
const operations: Readonly<Record<string, Places>> = {
  createModelVersion: { kind: 'modelSources', fields: [['source']] },
  createExperiment: { kind: 'artifactLocations', fields: [['artifact_location']] },
  createWorkspace: { kind: 'artifactLocations', fields: [['default_artifact_root'], ['trace_archival_config', 'location']] },
  updateWorkspace: { kind: 'artifactLocations', fields: [['default_artifact_root'], ['trace_archival_config', 'location']] },
  createWebhook: { kind: 'webhookUrls', fields: [['url']] },
  updateWebhook: { kind: 'webhookUrls', fields: [['url']] },
  // MLflow keeps where a trace's data lies in a tag. Callers can set it afterwards (2.22.5, 3.9.0, 3.11.1; 3.17.2 refuses that itself), not
  // with the start of a trace, where MLflow's own value counts or the call fails.
  setTraceTag: { kind: 'artifactLocations', tags: 'itself' },
  setTraceTagV3: { kind: 'artifactLocations', tags: 'itself' },
  endTrace: { kind: 'artifactLocations', tags: 'list' },
  // And in another where it is archived, which 3.17.2 takes with the start
  startTraceV3: { kind: 'artifactLocations', fields: [['trace', 'trace_info', 'tags', archiveTag]] }
}

/** What MLflow asks for as the source of a version of a prompt, which has none (mlflow/prompt/constants.py, 3.17.2). */
const noSources: ReadonlySet<string> = new Set(['prompt-template', 'dummy-source'])

/** A field of a message that names a place. */
export interface NamedPlace {
  readonly field: string
  readonly uri: string
}

export interface PlaceRules {
  readonly kind: PlaceKind
  readonly rules: UriRules
}

/** A message that MLflow may read otherwise than it looks. The message is a sentence for the caller. */
export class AmbiguousMessageError extends Error {}

/** Whether an operation's message may name a place. */
export function namesPlaces (operationId: string): boolean {
  return Object.hasOwn(operations, operationId)
}

/** What an operation's places must fit; undefined: it names none, or they may be any. */
export function placeRules (operationId: string, policy: PlacePolicy): PlaceRules | undefined {
  const kind = namesPlaces(operationId) ? operations[operationId]?.kind : undefined
  const rules = kind === undefined ? undefined : policy[kind]
  return kind === undefined || rules === undefined ? undefined : { kind, rules }
}

/** The places in a message of an operation, as MLflow will read it. @throws AmbiguousMessageError */
export function placesIn (operationId: string, message: Readonly<Record<string, unknown>>): readonly NamedPlace[] {
  const { fields = [], tags }: Partial<Places> = operations[operationId] ?? {}
  const named = fields.map(path => [path.at(-1) ?? '', path.reduce<unknown>((value, name) => fieldOf(value, name), message)] as const)
  const list = tags === 'list' ? fieldOf(message, 'tags') : tags === 'itself' ? [message] : []
  for (const tag of Array.isArray(list) ? list : []) {
    if (placeTags.has(fieldOf(tag, 'key'))) named.push(['value', fieldOf(tag, 'value')])
  }
  return named.flatMap(([field, uri]) => {
    if (uri === undefined || uri === null || uri === '') return [] // MLflow then takes its own, or says that it needs one
    if (typeof uri !== 'string') throw new AmbiguousMessageError(`The field ${field} must be a string.`)
    return noSources.has(uri) && field === 'source' ? [] : [{ field, uri }]
  })
}

/** The value of a field under either of the names that protobuf reads it by. */
function fieldOf (value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  const message = value as Readonly<Record<string, unknown>>
  const other = name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  if (name !== other && Object.hasOwn(message, name) && Object.hasOwn(message, other)) {
    throw new AmbiguousMessageError(`The body has both ${name} and ${other}: send one of them.`)
  }
  return Object.hasOwn(message, name) ? message[name] : Object.hasOwn(message, other) ? message[other] : undefined
}

/**
 * The message in a JSON body, as MLflow's handlers read it: bare, or wrapped in a JSON string as old clients do; nothing is an empty one.
 * @throws AmbiguousMessageError for what is no JSON object in UTF-8, or has a name twice
 */
export function readMessage (body: Buffer): Readonly<Record<string, unknown>> {
  if (body.length === 0) return {}
  let text: string
  let message: unknown
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
    message = JSON.parse(text)
    if (typeof message === 'string') {
      text = message
      message = JSON.parse(text)
    }
  } catch { // without its cause: that of the parser quotes the body
    throw new AmbiguousMessageError('The body must be a JSON object in UTF-8.')
  }
  if (typeof message !== 'object' || message === null || Array.isArray(message)) throw new AmbiguousMessageError('The body must be a JSON object in UTF-8.')
  if (hasNameTwice(text)) throw new AmbiguousMessageError('The body has a name twice in one object.')
  return message as Readonly<Record<string, unknown>>
}

/** @param text JSON that has been parsed */
function hasNameTwice (text: string): boolean {
  const open: Array<Set<string>> = []
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '{') open.push(new Set())
    else if (text[at] === '}') open.pop()
    else if (text[at] === '"') {
      const end = endOfString(text, at)
      const names = open.at(-1)
      if (isName(text, end) && names !== undefined) {
        const name = JSON.parse(text.slice(at, end)) as string // as it is meant, however it is spelt
        if (names.has(name)) return true
        names.add(name)
      }
      at = end - 1
    }
  }
  return false
}

/** Where the string ends that begins there. */
function endOfString (text: string, start: number): number {
  let at = start + 1
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

/** Whether the string that ends there is the name of a member. */
function isName (text: string, end: number): boolean {
  let at = end
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t' || text[at] === '\r') at++
  return text[at] === ':'
}
