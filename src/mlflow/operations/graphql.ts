/** What a GraphQL request to MLflow needs: its body is read as MLflow reads it, and only a query that is known to read passes for one. */
import { Kind, OperationTypeNode, parse, type DocumentNode, type FragmentDefinitionNode, type OperationDefinitionNode, type SelectionSetNode } from 'graphql'

/** Largest body that is judged, in bytes: MLflow's pages send less than 8 KiB. */
export const graphqlMaxBytes = 256 * 1024

/**
 * Bounds of a document, for our own time and memory. They are wider than those of MLflow since 3.x (depth 10, 1000 selections, 10 root fields, 10 aliases),
 * whose own answer, 200 with `errors`, callers shall see. What fragments unfold to is held tighter: the scans of 3.9 and 3.11 do not look into them.
 */
const maxTokens = 10_000
const maxDepth = 100
const maxUnfolded = 1000

/** Root fields that only read, over all versions; `test` echoes its argument. The registries of MLflow name all there are. */
export const readingFields: Readonly<Record<'query' | 'mutation', ReadonlySet<string>>> = {
  query: new Set(['mlflowGetExperiment', 'mlflowGetMetricHistoryBulkInterval', 'mlflowGetRun', 'mlflowListArtifacts', 'mlflowSearchModelVersions', 'mlflowSearchRuns', 'test', '__schema', '__type', '__typename']),
  mutation: new Set(['mlflowSearchRuns', 'mlflowSearchDatasets', '__typename'])
}

export type GraphqlVerdict =
  | { readonly class: 'read' | 'admin' }
  /** Not readable in one way only: 400, with the reason for the caller. */
  | { readonly refused: string }

/**
 * Judges the whole body of a GraphQL request.
 * @param contentEncoding the header of that name: MLflow would not decompress, so that a compressed body cannot be judged
 */
export function judgeGraphql (body: Uint8Array, contentEncoding?: string): GraphqlVerdict {
  if (contentEncoding !== undefined && !/^\s*(?:identity)?\s*$/i.test(contentEncoding)) return refuse('The GraphQL body is compressed: send it as it is.')
  if (body.length > graphqlMaxBytes) return refuse(`The GraphQL body is larger than ${graphqlMaxBytes / 1024} KiB.`)
  const document = readDocument(body)
  if (typeof document === 'string') return refuse(document)
  const operations = document.definitions.filter(definition => definition.kind === Kind.OPERATION_DEFINITION)
  const [operation] = operations
  if (operation === undefined || operations.length > 1) return refuse('The GraphQL document must hold exactly one operation.')
  if (document.definitions.some(definition => definition.kind !== Kind.OPERATION_DEFINITION && definition.kind !== Kind.FRAGMENT_DEFINITION)) return refuse('The GraphQL document may hold an operation and fragments only.')
  const roots = rootFields(document, operation)
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
function readDocument (body: Uint8Array): DocumentNode | string {
  let text: string
  // A byte order mark stays in the text and makes it invalid JSON: Python's reader would take it for an encoding.
  try { text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body) } catch { return 'The GraphQL body is not UTF-8.' }
  let request: unknown
  try { request = JSON.parse(text) } catch { return 'The GraphQL body is not JSON.' }
  if (Array.isArray(request)) return 'Batches of GraphQL requests are not served.'
  if (typeof request !== 'object' || request === null) return 'The GraphQL body must be a JSON object.'
  const { query } = request as { query?: unknown }
  if (typeof query !== 'string') return 'The GraphQL body has no "query".'
  try { return parse(query, { noLocation: true, maxTokens }) } catch { return 'The GraphQL query cannot be parsed, or is too long.' }
}

/** Names of the root fields, through fragments; or why the document is refused. */
function rootFields (document: DocumentNode, operation: OperationDefinitionNode): string[] | string {
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const definition of document.definitions) {
    if (definition.kind !== Kind.FRAGMENT_DEFINITION) continue
    if (fragments.has(definition.name.value)) return 'The GraphQL document names two fragments alike.'
    fragments.set(definition.name.value, definition)
  }
  const roots: string[] = []
  let unfolded = 0
  return visit(operation.selectionSet, 1, true, new Set()) ?? roots

  /** Walks what MLflow would run, fragments in place of their spreads; what stands in none is bounded by the tokens. */
  function visit (set: SelectionSetNode, depth: number, atRoot: boolean, entered: ReadonlySet<string>): string | undefined {
    if (depth > maxDepth) return `The GraphQL query is nested deeper than ${maxDepth} levels.`
    for (const selection of set.selections) {
      if (entered.size > 0 && ++unfolded > maxUnfolded) return `The GraphQL fragments unfold to more than ${maxUnfolded} fields.`
      let problem: string | undefined
      if (selection.kind === Kind.FIELD) {
        if (atRoot) roots.push(selection.name.value)
        if (selection.selectionSet !== undefined) problem = visit(selection.selectionSet, depth + 1, false, entered)
      } else if (selection.kind === Kind.INLINE_FRAGMENT) problem = visit(selection.selectionSet, depth + 1, atRoot, entered)
      else {
        const name = selection.name.value
        const fragment = fragments.get(name)
        if (fragment === undefined) return 'The GraphQL query spreads a fragment that it does not define.'
        if (entered.has(name)) return 'The GraphQL fragments go round in a circle.'
        problem = visit(fragment.selectionSet, depth + 1, atRoot, new Set([...entered, name]))
      }
      if (problem !== undefined) return problem
    }
    return undefined
  }
}
