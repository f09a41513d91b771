/** Protobuf messages as JSON schemas: requests as MLflow reads them, answers as its `message_to_json` prints them (int64 as numbers, empty fields left out). */
import type { Field, Registry } from '../registry.js'
import { always, notFinite } from './always.js'
import { describeField } from './fields.js'
import { closed, list, open, ref, type Schema, type Schemas } from './schema.js'

export interface Messages {
  /** The schema of what a request holds; path parameters are left out. */
  readonly request: (message: string, name: string, without: readonly string[]) => Schema
  /** The schema of an answer. */
  readonly response: (message: string, name: string) => Schema
  /** One field as a query parameter or a property of a request. */
  readonly field: (message: string, field: Field) => Schema
  readonly required: (message: string) => readonly string[]
  /** What the handler refuses to miss, even where the path says it. */
  readonly checked: (message: string) => readonly string[]
  readonly since: (message: string, field: string) => string | undefined
  /** Components that the schemas given out refer to. */
  readonly schemas: Schemas
}

/** What proto does not tell of a request; see scripts/mlflow/openapi-facts.py. */
export interface Facts {
  readonly required: Readonly<Record<string, readonly string[]>>
  readonly errorCodes: readonly string[]
}

type Side = 'request' | 'response'

/** @param registries oldest first; the newest gives the schemas, the older ones say since when */
export function readMessages (registries: readonly Registry[], facts: Facts, responses: readonly string[]): Messages {
  const newest = registries.at(-1)
  if (newest === undefined) throw new Error('There is no registry to read messages from.')
  const { messages, enums } = newest
  const schemas: Schemas = {}
  const owners = new Map<string, string>()
  const answered = reachable(responses)

  return {
    schemas,
    required,
    checked: message => facts.required[shortName(message)] ?? [],
    since,
    field: (message, field) => property('request', message, field),
    request: (message, name, without) => {
      const fields = fieldsOf(message).filter(field => !without.includes(field.name))
      schemas[name] ??= open(properties('request', message, fields), required(message).filter(field => !without.includes(field)))
      return ref(name)
    },
    response: (message, name) => {
      schemas[name] ??= answer(message)
      return ref(name)
    }
  }

  function fieldsOf (message: string): readonly Field[] {
    const fields = messages[message]
    if (fields === undefined) throw new Error(`The registry has no message ${message}.`)
    return fields
  }

  function required (message: string): readonly string[] {
    return facts.required[shortName(message)] ?? fieldsOf(message).filter(field => field.required).map(field => field.name)
  }

  function answer (message: string): Schema {
    const fields = fieldsOf(message)
    const single = fields.filter(field => field.of !== undefined && field.repeated === undefined && field.map === undefined && field.type === 'message')
    // A wrapper around one thing always holds it.
    const present = always[message]?.split(' ') ?? (message.endsWith('.Response') ? single.map(field => field.name) : [])
    return { ...closed(properties('response', message, fields), fields.map(field => field.name).filter(name => present.includes(name))), ...exclusive(fields) }
  }

  function properties (side: Side, message: string, fields: readonly Field[]): Record<string, Schema> {
    return Object.fromEntries(fields.map(field => [field.name, property(side, message, field)]))
  }

  function property (side: Side, message: string, field: Field): Schema {
    const base = field.map ? mapOf(side, field) : one(side, message, field)
    const schema = field.repeated ? list(base) : base
    const introduced = since(message, field.name)
    const notes: Schema = {
      ...describeField(message, field.name),
      ...side === 'request' && field.default !== undefined ? { default: field.default } : {},
      ...field.deprecated || field.name === 'run_uuid' ? { deprecated: true } : {},
      ...introduced === undefined ? {} : { 'x-mlflow-since': introduced }
    }
    return { ...schema, ...notes }
  }

  function mapOf (side: Side, field: Field): Schema {
    const value = fieldsOf(field.of ?? '').find(({ name }) => name === 'value')
    return { type: 'object', additionalProperties: value === undefined ? true : one(side, field.of ?? '', value) }
  }

  function one (side: Side, message: string, field: Field): Schema {
    switch (field.type) {
      case 'string': return { type: 'string' }
      case 'bytes': return { type: 'string', contentEncoding: 'base64' }
      case 'bool': return { type: 'boolean' }
      case 'double': case 'float':
        if (notFinite.has(`${message}.${field.name}`)) {
          schemas['AnyDouble'] ??= anyDouble
          return ref('AnyDouble')
        }
        return { type: 'number', format: field.type }
      case 'enum': return enumOf(field.of ?? '')
      case 'message': return wellKnown[field.of ?? ''] ?? object(side, field.of ?? '')
      case 'uint32': case 'fixed32': case 'uint64': case 'fixed64': return { type: 'integer', format: 'int64', minimum: 0 }
      default: return { type: 'integer', format: field.type.endsWith('64') ? 'int64' : 'int32' }
    }
  }

  function enumOf (full: string): Schema {
    const name = componentName(full)
    schemas[name] ??= { type: 'string', enum: (enums[full] ?? []).map(([value]) => value) }
    return ref(name)
  }

  function object (side: Side, message: string): Schema {
    const name = componentName(message) + (side === 'request' && answered.has(message) ? 'Payload' : '')
    const owner = owners.get(name) ?? `${side} ${message}`
    if (owner !== `${side} ${message}` && answered.has(message)) throw new Error(`The name ${name} stands for ${owner} and for ${side} ${message}: rename one.`)
    owners.set(name, owner)
    if (schemas[name] === undefined) {
      schemas[name] = {} // stands while a message that contains itself is read
      schemas[name] = side === 'response' ? answer(message) : nested(message)
    }
    return ref(name)
  }

  function nested (message: string): Schema {
    const fields = fieldsOf(message)
    // An update names a part of the assessment only.
    const needed = message === 'mlflow.assessments.Assessment' ? [] : fields.filter(field => field.required).map(field => field.name)
    return { ...open(properties('request', message, fields), needed), ...exclusive(fields) }
  }

  /** When a field came later than its message. */
  function since (message: string, field: string): string | undefined {
    const having = registries.filter(registry => registry.messages[message] !== undefined)
    const first = having.find(registry => registry.messages[message]?.some(({ name }) => name === field))
    return first === having[0] ? undefined : first?.mlflow
  }

  function reachable (roots: readonly string[]): ReadonlySet<string> {
    const found = new Set<string>()
    const pending = [...roots]
    for (let message = pending.pop(); message !== undefined; message = pending.pop()) {
      if (found.has(message) || messages[message] === undefined) continue
      found.add(message)
      for (const field of fieldsOf(message)) if (field.type === 'message' && field.of !== undefined) pending.push(field.of)
    }
    return found
  }
}

/** Of the fields of a oneof at most one is set. */
function exclusive (fields: readonly Field[]): Schema {
  const choices = fields.filter(field => field.oneof !== undefined)
  const rivals = (field: Field): string[] => choices.filter(other => other !== field && other.oneof === field.oneof).map(({ name }) => name)
  if (choices.length === 0) return {}
  return { dependentSchemas: Object.fromEntries(choices.map(field => [field.name, { properties: Object.fromEntries(rivals(field).map(name => [name, false as const])) }])) }
}

/** As MLflow's Python names the class. */
function shortName (message: string): string {
  return message.split('.').at(-1) ?? ''
}

/** MLflow's name without its packages, but with what tells two messages of one name apart. */
export function componentName (full: string): string {
  const special = renamed[full]
  if (special !== undefined) return special
  return full.replace(/^(?:mlflow|opentelemetry\.proto)\.(?:[a-z_\d]+\.)*/, '').split('.').map(part => part.charAt(0).toUpperCase() + part.slice(1)).join('')
}

const renamed: Readonly<Record<string, string>> = {
  'mlflow.datasets.Dataset': 'EvaluationDataset',
  'mlflow.artifacts.FileInfo': 'StoredFileInfo',
  'mlflow.datasets.DatasetRecordSource.SourceType': 'DatasetSourceType',
  'mlflow.assessments.AssessmentSource.SourceType': 'AssessmentSourceType',
  'mlflow.TraceLocation.TraceLocationType': 'TraceLocationType',
  'mlflow.DeploymentJobConnection.State': 'DeploymentJobConnectionState',
  'mlflow.ModelVersionDeploymentJobState.DeploymentJobRunState': 'DeploymentJobRunState',
  'mlflow.ListGatewayBudgetWindows.BudgetWindow': 'BudgetWindow',
  'mlflow.LinkPromptsToTrace.PromptVersionRef': 'PromptVersionRef',
  'mlflow.TraceLocation.MlflowExperimentLocation': 'MlflowExperimentLocation',
  'mlflow.TraceLocation.InferenceTableLocation': 'InferenceTableLocation'
}

/** How protobuf's JSON prints its own messages. */
const wellKnown: Readonly<Record<string, Schema>> = {
  'google.protobuf.Timestamp': { type: 'string', format: 'date-time' },
  'google.protobuf.Duration': { type: 'string', pattern: '^-?\\d+(\\.\\d+)?s$', examples: ['1.500s'] },
  'google.protobuf.FieldMask': { type: 'string', description: 'Names of fields in camelCase, separated by commas.', examples: ['rationale,feedback'] },
  'google.protobuf.Struct': { type: 'object', additionalProperties: true },
  'google.protobuf.ListValue': { type: 'array', items: {} },
  'google.protobuf.Value': {}
}

const anyDouble: Schema = {
  description: 'A number, or the name of one that JSON cannot write.',
  anyOf: [{ type: 'number', format: 'double' }, { type: 'string', enum: ['NaN', 'Infinity', '-Infinity'] }]
}
