/** What a GraphQL request to MLflow needs: its body is read as MLflow reads it, and only a query that is known to read passes for one. */
import {
  Kind, OperationTypeNode, parse, type DocumentNode, type FragmentDefinitionNode, type OperationDefinitionNode, type
  SelectionSetNode
} from 'graphql'

/** Largest body that is judged, in bytes: MLflow's pages send less than 8 KiB. */
export const graphqlMaxBytes = 256 * 1024

/** How large a document may be; what fragments unfold to counts. */
interface Bounds {
  readonly tokens: number
  readonly depth: number
  readonly fields: number
  readonly roots: number
  readonly aliases: number
}

/**
 * For our own time and memory alone, where MLflow has bounds (depth 10, 1000 selections, 10 root fields, 10 aliases on a
 * level): its own answer, 200 with `errors`, callers shall see. What fragments unfold to is held tighter: the scans of
 * 3.9 and 3.11 do not look into them.
 */
const wide: Bounds = { tokens: 10_000, depth: 100, fields: Infinity, roots: Infinity, aliases: Infinity }
const maxUnfolded = 1000

/**
 * Where MLflow has none: 3000 searches would be one request of a key that reads. MLflow's later bounds; its pages of
 * 2.22.5 select 60 fields, and no alias.
 */
const narrow: Bounds = { tokens: 5000, depth: 10, fields: 1000, roots: 10, aliases: 10 }

/** Root fields that only read, over all versions; `test` echoes its argument. The registries of MLflow name all there are. */
export const readingFields: Readonly<Record<'query' | 'mutation', ReadonlySet<string>>> = {
  query: new Set([
    'mlflowGetExperiment',
    'mlflowGetMetricHistoryBulkInterval',
    'mlflowGetRun',
    'mlflowListArtifacts',
    'mlflowSearchModelVersions',
    'mlflowSearchRuns',
    'test',
    '__schema',
    '__type',
    '__typename'
  ]),
  mutation: new Set(['mlflowSearchRuns', 'mlflowSearchDatasets', '__typename'])
}

export type GraphqlVerdict =
  | { readonly class: 'read' | 'admin' }
  /** Not readable in one way only: 400, with the reason for the caller. */
  | { readonly refused: string }

/**
 * Judges the whole body of a GraphQL request.
 * @param contentEncoding the header of that name: MLflow would not decompress, so that a compressed body cannot be judged
 * @param boundsItself whether this MLflow refuses queries that are too large
 */
export function judgeGraphql (body: Uint8Array, contentEncoding?: string, boundsItself: boolean = false): GraphqlVerdict {
  if (contentEncoding !== undefined && !['', 'identity'].includes(contentEncoding.trim().toLowerCase())) {
    return refuse('The GraphQL body is compressed: send it uncompressed.')
  }
  if (body.length > graphqlMaxBytes) return refuse(`The GraphQL body is larger than ${graphqlMaxBytes / 1024} KiB.`)
  const bounds = boundsItself ? wide : narrow
  const document = readDocument(body, bounds)
  if (typeof document === 'string') return refuse(document)
  const operations = document.definitions.filter(definition => definition.kind === Kind.OPERATION_DEFINITION)
  const [operation] = operations
  if (operation === undefined || operations.length > 1) return refuse('The GraphQL document must contain exactly one operation.')
  if (
    document.definitions.some(definition => definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION)
  ) { return refuse('The GraphQL document may contain only an operation and fragments.') }
  const roots = rootFields(document, operation, bounds)
  if (typeof roots === 'string') return refuse(roots)
  return { class: onlyReads(operation, roots) ? 'read' : 'admin' }
}

function onlyReads ({ operation }: OperationDefinitionNode, roots: readonly string[]): boolean {
  if (operation === OperationTypeNode.SUBSCRIPTION) return false
  return roots.length > 0 && roots.every(field => readingFields[operation].has(field))
}

function refuse (reason: string): GraphqlVerdict {
  return { refused: reason }
}

/** The document in a body, or why there is none. */
function readDocument (body: Uint8Array, { tokens }: Bounds): DocumentNode | string {
  let text: string
  // A byte order mark stays in the text and makes it invalid JSON: Python's reader would take it for an encoding.
  try { text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body) } catch { return 'The GraphQL body is not UTF-8.' }
  let request: unknown
  try { request = JSON.parse(text) } catch { return 'The GraphQL body is not JSON.' }
  if (Array.isArray(request)) return 'Batched GraphQL requests are not supported.'
  if (typeof request !== 'object' || request === null) return 'The GraphQL body must be a JSON object.'
  const { query } = request as { query?: unknown }
  if (typeof query !== 'string') return 'The GraphQL body has no "query".'
  try {
    return parse(query, { noLocation: true, maxTokens: tokens })
  } catch {
    return 'The GraphQL query cannot be parsed, or is too long.'
  }
}

/** Names of the root fields, through fragments; or why the document is refused. */
function rootFields (document: DocumentNode, operation: OperationDefinitionNode, bounds: Bounds): string[] | string {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue
    if (fragments.has(definition.name.value)) return 'The GraphQL document has two fragments with the same name.'
    fragments.set(definition.name.value, definition)
  }
  const roots: string[] = []
  const counted = { unfolded: 0, fields: 0, aliases: 0 }
  return visit(operation.selectionSet, 1, true, new Set()) ?? roots

  /** Walks what MLflow would run, fragments in place of their spreads; what stands in none is bounded by the tokens. */
  function visit (set: SelectionSetNode, depth: number, atRoot: boolean, entered: ReadonlySet<string>): string | undefined {
    if (depth > bounds.depth) return `The GraphQL query is nested deeper than ${bounds.depth} levels.`
    for (const selection of set.selections) {
      if (entered.size > 0 && ++counted.unfolded > maxUnfolded) return `The GraphQL fragments expand to more than ${maxUnfolded} fields.`
      if (++counted.fields > bounds.fields) return `The GraphQL query selects more than ${bounds.fields} fields.`
      let problem: string | undefined
      if (selection.kind === Kind.FIELD) {
        if (atRoot && roots.push(selection.name.value) > bounds.roots) return `The GraphQL query has more than ${bounds.roots} root fields.`
        if (selection.alias !== undefined && ++counted.aliases > bounds.aliases) {
          return `The GraphQL query has more than ${bounds.aliases} aliases.`
        }
        if (selection.selectionSet !== undefined) problem = visit(selection.selectionSet, depth + 1, false, entered)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) problem = visit(selection.selectionSet, depth + 1, atRoot, entered)
      else {
        const name = selection.name.value
        const fragment = fragments.get(name)
        if (fragment === undefined) return 'The GraphQL query uses a fragment that it does not define.'
        if (entered.has(name)) return 'The GraphQL fragments form a cycle.'
        problem = visit(fragment.selectionSet, depth + 1, atRoot, new Set([...entered, name]))
      }
      if (problem !== undefined) return problem
    }
    return undefined
  }
}
