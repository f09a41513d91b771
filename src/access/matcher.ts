/**
 * Which operation MLflow will run for a method and a raw path, and what the caller needs for it. Pure: the path is
 * judged as MLflow reads it and never changed.
 */
import { blockedTrees, strongest, transfers, type AccessClass, type Family, type Operation } from './classes.js'
import { compileTemplate, type Fits } from './templates.js'
import { decode, dataSlash, collapseSlashes, undisguise } from './readings.js'
import { operations } from './operations.generated.js'
import { namesPlaces } from './places.js'

export interface Match {
  /** Undefined where no known MLflow has such a route. */
  readonly operation: Operation | undefined
  /** The operation's id, the name of a blocked tree, or `unknownId`: fit for a metric label. */
  readonly id: string
  /** What to demand: the strongest over all readings of the path; unknown is `admin`. */
  readonly class: AccessClass
  readonly family: Family
  /** Doubled slashes in the path are data; elsewhere they are to be collapsed before judging and forwarding. */
  readonly artifactPath: boolean
}

/** Whether the bytes of an artifact may go one way or the other: then they may be many, and take long. */
export function movesArtifact ({ id, artifactPath }: Match): boolean {
  return artifactPath || transfers.has(id)
}

/**
 * Judges a request as MLflow will see it, in time linear in the path.
 *
 * MLflow decodes the whole path first and routes then: `%2F` separates and `%61pi` is `api`. Something between us and
 * MLflow, or a later MLflow, may take `%2F` for data, so that both readings count. HEAD is judged as GET: Flask answers
 * it by the route of GET.
 * @param path raw, below the mount, without query and without what `readTarget` refuses
 */
export function match (method: string, path: string): Match {
  const table = tables.get(method) ?? noRoutes
  const known = table.fixed.get(path)
  if (known !== undefined) return known
  if (!path.includes('%')) return judge(table, path)
  const judged = judge(table, decode(path, '/'))
  const asData = encodedSlash.test(path) ? decode(path, dataSlash) : undefined
  return asData === undefined ? judged : both(judged, judge(table, asData))
}

/**
 * What is known of a request whose path is one of MLflow's fixed ones, letter for letter; undefined for every other, which `match` judges.
 * The time does not depend on the path, so that a caller without a key may cause it.
 */
export function matchFixed (method: string, path: string): Match | undefined {
  return path.length > longestFixed ? undefined : tables.get(method)?.fixed.get(path)
}

const encodedSlash = /%2f/i

/**
 * The stronger of two readings; the first is what today's MLflow runs, so that what the facade does to that operation
 * itself is done in any case.
 */
function both (first: Match, second: Match): Match {
  const demanded = strongest(first.class, second.class)
  const isHandled = first.operation?.handling !== undefined || namesPlaces(first.id)
  const stronger = !isHandled && demanded === second.class && demanded !== first.class ? second : first
  // The family is where MLflow keeps what it runs, and what of ours it hands on from there.
  return { ...stronger, class: demanded, family: first.family, artifactPath: first.artifactPath && second.artifactPath }
}

interface Template {
  readonly fits: Fits
  /** Position in the table: FastAPI tries its routes in order. */
  readonly rank: number
  readonly match: Match
}

interface Table {
  readonly fixed: ReadonlyMap<string, Match>
  /** By all that stands before the first parameter, with its last slash. */
  readonly templates: ReadonlyMap<string, readonly Template[]>
  /** Length of the longest of those beginnings: what comes later in a path needs no looking up. */
  readonly deepest: number
}

/** Judges one reading of a path, decoded. */
function judge (table: Table, path: string): Match {
  const exact = find(table, path)
  if (exact !== undefined) return exact
  // Werkzeug drops leading slashes (`//x` runs `/x`) and redirects what has others to the path with single ones.
  const single = collapseSlashes(path)
  if (single === path) return unknown(path)
  const merged = find(table, single)
  return merged === undefined ? unknown(single) : { ...merged, artifactPath: false }
}

function find (table: Table, path: string): Match | undefined {
  const fixed = table.fixed.get(path)
  if (fixed !== undefined) return fixed
  let best: Template | undefined
  for (let slash = path.indexOf('/'); slash !== -1 && slash < table.deepest; slash = path.indexOf('/', slash + 1)) {
    const templates = table.templates.get(path.slice(0, slash + 1)) ?? []
    for (const template of templates) {
      if (best !== undefined && template.rank > best.rank) break
      if (template.fits(path, slash + 1)) best = template
    }
  }
  return best?.match
}

/** Stands for all that no table knows, in logs and metrics. */
export const unknownId = 'unknown'

/** What no table knows: for administrators, unless it lies where everything is blocked. */
function unknown (path: string): Match {
  const plain = undisguise(path)
  const tree = blockedTrees.find(({ pattern, holding }) => pattern.test(plain) && (holding?.test(plain) ?? true))
  if (tree !== undefined) return { operation: undefined, id: tree.id, class: 'blocked', family: tree.family, artifactPath: false }
  return { operation: undefined, id: unknownId, class: 'admin', family: unknownFamily(path), artifactPath: false }
}

function unknownFamily (path: string): Family {
  const [, first = ''] = /^\/+([^/]*)/.exec(path) ?? []
  switch (first) {
    case 'api': return 'rest'
    case 'ajax-api': return 'ajax'
    case 'gateway': return 'gateway'
    case 'v1': return 'otlp'
    default: return 'ui'
  }
}

const tables = new Map<string, Table>([...new Set(operations.map(({ method }) => method))].map(method => [method, compile(method)]))
const noRoutes: Table = { fixed: new Map(), templates: new Map(), deepest: 0 }
const get = tables.get('GET')
if (get !== undefined) tables.set('HEAD', get)
const longestFixed = Math.max(...[...tables.values()].flatMap(({ fixed }) => [...fixed.keys()].map(path => path.length)))

/** Where artifacts' own paths begin: in what follows, MLflow takes nearly any byte. */
export const artifactRoots: readonly string[] = [
  ...new Set(
    operations
      .filter(({ artifact }) => artifact)
      .flatMap(({ path, aliases = [] }) => [path, ...aliases])
      .map(path => path.slice(0, path.indexOf('{')))
  )
]

const rootsEndWithin = 3 * Math.max(...artifactRoots.map(root => root.length))

/**
 * Whether doubled slashes of a raw path may be data: its beginning, however it is encoded, is an artifact's. What
 * `match` says then counts.
 */
export function mayDouble (path: string): boolean {
  const start = decode(path.slice(0, rootsEndWithin), '/')
  return artifactRoots.some(root => start.startsWith(root))
}

function compile (method: string): Table {
  const fixed = new Map<string, Match>()
  const templates = new Map<string, Template[]>()
  operations.forEach((operation, rank) => {
    if (operation.method !== method) return
    for (const path of [operation.path, ...operation.aliases ?? []]) {
      const match: Match = {
        operation,
        id: operation.id,
        class: operation.class,
        family: familyOf(operation, path),
        artifactPath: operation.artifact === true
      }
      const brace = path.indexOf('{')
      if (brace === -1) {
        fixed.set(decode(path, '/'), match)
        continue
      }
      const start = path.lastIndexOf('/', brace) + 1
      const prefix = path.slice(0, start)
      templates.set(prefix, [
        ...(templates.get(prefix) ?? []),
        { fits: compileTemplate(path.slice(start), operation.native === true), rank, match }
      ])
    }
  })
  return { fixed, templates, deepest: Math.max(0, ...[...templates.keys()].map(prefix => prefix.length)) }
}

/** The alias under `ajax-api` of what lives under `api`. */
function familyOf ({ family, path }: Operation, served: string): Family {
  if (served === path) return family
  return family === 'artifacts' ? 'ajax-artifacts' : 'ajax'
}
