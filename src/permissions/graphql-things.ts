/** What a GraphQL query names: the ids in the inputs of the root fields that are known. Any other field is refused. Pure. */
import { Kind, parse, type FieldNode, type FragmentDefinitionNode, type SelectionSetNode, type ValueNode } from 'graphql'
import type { Thing } from './judge.js'
import { checkJson, membersOf, readValue, UnreadableError } from './json-text.js'

/** By root field, what it is about and the names of its ids. */
const fields: Readonly<Record<string, readonly [kind: 'experiment' | 'run', ...names: readonly string[]]>> = {
  mlflowGetExperiment: ['experiment', 'experimentId'],
  mlflowGetRun: ['run', 'runId', 'runUuid'],
  mlflowListArtifacts: ['run', 'runId', 'runUuid'],
  mlflowGetMetricHistoryBulkInterval: ['run', 'runIds'],
  mlflowSearchRuns: ['experiment', 'experimentIds'],
  mlflowSearchDatasets: ['experiment', 'experimentIds']
}

/** What says nothing of anybody's. */
const open = new Set(['__typename', '__schema', '__type', 'test'])

/** Below a run, the versions of any model that was made from it. */
const foreign = new Set(['modelVersions'])

/**
 * The things of a request whose body `judgeGraphql` has taken.
 * @throws UnreadableError for what is not known, or is written in two ways
 */
export function thingsOfGraphql (body: Uint8Array): Thing[] {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  checkJson(text)
  const members = membersOf(text)
  const query = members.get('query')
  const given = members.get('variables')
  if (query === undefined) throw new UnreadableError('The GraphQL body has no "query".')
  const variables = given === undefined ? {} : readValue(text, given) ?? {}
  const document = parse(JSON.parse(text.slice(query.start, query.end)) as string, { noLocation: true, maxTokens: 10_000 })
  const fragments = new Map<string, FragmentDefinitionNode>()
  const roots: SelectionSetNode[] = []
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition)
    else if (definition.kind === Kind.OPERATION_DEFINITION) roots.push(definition.selectionSet)
  }
  for (const set of [...roots, ...[...fragments.values()].map(({ selectionSet }) => selectionSet)]) checkBelow(set)
  return roots.flatMap(set => rootsOf(set, fragments)).flatMap(field => thingsOfField(field, variables))
}

/** The root fields; what bounds and cycles there are `judgeGraphql` has seen to. */
function rootsOf (set: SelectionSetNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>): FieldNode[] {
  return set.selections.flatMap(selection => {
    if (selection.kind === Kind.FIELD) return [selection]
    const inner = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value)
    return inner === undefined ? [] : rootsOf(inner.selectionSet, fragments)
  })
}

function checkBelow ({ selections }: SelectionSetNode): void {
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD && foreign.has(selection.name.value)) {
      throw new UnreadableError(`The GraphQL field ${selection.name.value} is not judged: leave it out.`)
    }
    if (selection.kind !== Kind.FRAGMENT_SPREAD && selection.selectionSet !== undefined) checkBelow(selection.selectionSet)
  }
}

function thingsOfField ({ name: { value: name }, arguments: args = [] }: FieldNode, variables: unknown): Thing[] {
  if (open.has(name)) return []
  const [kind, ...names] = Object.hasOwn(fields, name) ? fields[name] ?? [] : []
  if (kind === undefined) throw new UnreadableError(`The GraphQL field ${name} is not judged.`)
  const [argument] = args
  if (argument === undefined || args.length > 1) throw new UnreadableError(`The GraphQL field ${name} must have its input, and nothing else.`)
  const input = valueOf(argument.value, variables)
  const given = names.map(each => memberOf(input, each)).filter(value => value !== undefined && value !== null)
  const ids = given.flatMap((value): unknown[] => Array.isArray(value) ? value : [value])
  if (given.length !== 1 || ids.length === 0 || !ids.every(id => typeof id === 'string')) {
    throw new UnreadableError(`The input of the GraphQL field ${name} must hold ${names.join(' or ')}.`)
  }
  return ids.map(value => ({ kind, value, verb: 'read' }))
}

function valueOf (node: ValueNode, variables: unknown): unknown {
  switch (node.kind) {
    case Kind.VARIABLE:
      return memberOf(variables, node.name.value)
    case Kind.OBJECT: {
      const names = node.fields.map(({ name }) => name.value)
      if (new Set(names).size !== names.length) throw new UnreadableError('A GraphQL input holds a name twice.')
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, valueOf(value, variables)]))
    }
    case Kind.LIST:
      return node.values.map(value => valueOf(value, variables))
    case Kind.NULL:
      return null
    default:
      return node.value
  }
}

function memberOf (value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}
