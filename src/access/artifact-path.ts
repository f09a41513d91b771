/** Whose files a path in the artifact store names, where MLflow keeps workspaces apart. Pure, in time linear in the path. */
import { collapseSlashes, decode } from './readings.js'

/** The artifact paths that a request names, each decoded once, as MLflow's routes get them. */
export interface ArtifactPaths {
  /** Counted from the root of the store; a list without one is of the root. */
  readonly store: readonly string[]
  /** Counted from the files of a run or a model, which MLflow looks up within the workspace. */
  readonly run: readonly string[]
}

const storeRoute = /^\/*(?:ajax-)?api\/2\.0\/mlflow-artifacts\/(artifacts|presigned|mpu\/\w+)(?:\/([^]*))?$/
const runNames = new Set(['path', 'artifact_file_path', 'artifact_directory_path'])

/**
 * Finds the artifact paths of a request. Where a query names one several times, all count.
 * @param path raw, below the mount
 * @param query raw, with its question mark, or empty
 */
export function artifactPaths (path: string, query: string): ArtifactPaths {
  const [route, kind, rest] = storeRoute.exec(collapseBeginning(decode(path, '/'))) ?? []
  if (route === undefined) return { store: [], run: inQuery(query, name => runNames.has(name)) }
  if (rest !== undefined || kind !== 'artifacts') return { store: [rest ?? ''], run: [] }
  const listed = inQuery(query, name => name === 'path')
  return { store: listed.length === 0 ? [''] : listed, run: [] }
}

/** Slashes within an artifact's own path are data, those before it are not. */
function collapseBeginning (path: string): string {
  const end = path.indexOf('mlflow-artifacts')
  return end === -1 ? path : collapseSlashes(path.slice(0, end)) + path.slice(end).replace(/^mlflow-artifacts\/+/, 'mlflow-artifacts/')
}

function inQuery (query: string, isWanted: (name: string) => boolean): string[] {
  if (query.length < 2) return []
  const found: string[] = []
  for (const pair of query.slice(1).split('&')) {
    const equals = pair.indexOf('=')
    const name = formDecode(equals === -1 ? pair : pair.slice(0, equals))
    if (isWanted(name)) found.push(equals === -1 ? '' : formDecode(pair.slice(equals + 1)))
  }
  return found
}

function formDecode (text: string): string {
  return decode(text.replaceAll('+', ' '), '/')
}

/** MLflow gives up after as many (mlflow/utils/uri.py, `_decode`). */
const maxRounds = 10

/**
 * A path as it stands when nothing in it changes any more. MLflow decodes until then, and after each round parses the
 * path as a URL and writes it anew, which loses tabs, line breaks, blanks in front and an empty `?`, `;` or `#` at the
 * end (`_decode`); only then does it look for `workspaces/` in front.
 * @returns undefined where it takes more rounds than MLflow makes
 */
function settle (path: string): string | undefined {
  let settled = path
  for (let round = 0; round <= maxRounds; round++) {
    const next = withoutLost(decode(settled, '/'))
    if (next === settled) return settled
    settled = next
  }
  return undefined
}

function withoutLost (path: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is lost
  const kept = path.replaceAll('\\', '/').replace(/[\t\r\n]+/g, '').replace(/^[\x00-\x20]+/, '')
  let end = kept.length
  while (end > 0 && '?;#'.includes(kept.charAt(end - 1))) end--
  return kept.slice(0, end)
}

/** MLflow takes a file URI for its path, and a second one within that again. */
const fileScheme = /^(?:file:)+/i
/** What a file system may take for the folder of all workspaces: without case, and on some without dots and blanks behind. */
const workspacesFolder = /^workspaces(?:[. ]*$|[:;?#])/i

/** Whether a path climbs by `..`, however often that is encoded. */
export function climbs (path: string): boolean {
  const settled = settle(path)
  return settled === undefined || settled.split('/').includes('..')
}

/**
 * Whether a path in the store may lead out of the workspaces of a key. MLflow guards only what literally begins with
 * `workspaces/`; for the workspace `default`, whose files may lie at the root of the store, it takes everything else as
 * it is (3.17.2), `./workspaces/other` and `workspaces` too. Its client sends `workspaces/NAME/…` for the files of the
 * workspace NAME, and neither dots nor an empty segment in front.
 * @param own the workspaces that the key is tied to
 * @param chosen the one that MLflow is told
 */
export function leavesWorkspaces (path: string, own: readonly string[], chosen: string): boolean {
  const settled = settle(path)
  if (settled === undefined || fileScheme.test(settled)) return true
  if (settled === '') return chosen === 'default' // of any other workspace MLflow takes its own folder for the root
  const segments = settled.split('/')
  const [first = '', second = ''] = segments
  if (first === '' || first === '.' || segments.includes('..')) return true
  return workspacesFolder.test(first) && !(first === 'workspaces' && own.includes(second))
}

/** Whether a path in the store is that of the root, or of the folder of all workspaces: who deletes it deletes what everybody has. */
export function holdsEveryWorkspace (path: string): boolean {
  const settled = settle(path)
  if (settled === undefined) return true
  const left: string[] = []
  for (const segment of settled.replace(fileScheme, '').split('/')) {
    if (segment === '..') left.pop()
    else if (segment !== '' && segment !== '.') left.push(segment)
  }
  return left.length === 0 || (left.length === 1 && workspacesFolder.test(left[0] ?? ''))
}
