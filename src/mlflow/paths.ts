/** Request targets: read in one way only or refused, with the mount taken off and old paths mapped on new ones. */

/** Where MLflow lives in public. */
export const mount = '/mlflow'

/** A request target (RFC 9112, section 3.2) taken apart, both parts exactly as they came. */
export interface Target {
  readonly path: string
  /** With its question mark; empty when there is none. */
  readonly query: string
  /** Why it is refused (400): a sentence, or undefined. */
  readonly problem: string | undefined
}

/** Nothing here can be read in two ways, so long as no segment begins with a dot. */
const plain = /^[\w\-.~!$&'()*+,;=:@/]+$/

// eslint-disable-next-line no-control-regex -- control characters are what is looked for
const controls = /[\x00-\x1f\x7f-\x9f\\]/

/** Takes a raw request target apart, and says whether it could be read in two ways. */
export function readTarget (url: string): Target {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  return { path, query: mark === -1 ? '' : url.slice(mark), problem: problemOf(url, path) }
}

function problemOf (url: string, path: string): string | undefined {
  if (url.includes('#')) return 'The request target holds a raw "#".'
  if (!path.startsWith('/')) return 'The request target must be a path that begins with "/".'
  return plain.test(path) && !path.includes('/.') ? undefined : ambiguity(path)
}

/** Why servers could read this path differently from each other, or undefined where they cannot. */
function ambiguity (path: string): string | undefined {
  if (/[^\x21-\x7e]/.test(path)) return 'The path holds a control character or a byte outside ASCII: encode it.'
  let decoded: string
  try { decoded = decodeURIComponent(path) } catch { return 'The path holds a malformed percent-encoding, or one that is not UTF-8.' }
  if (controls.test(decoded)) return 'The path holds a backslash or a control character.'
  if (decoded.split('/').some(segment => segment === '.' || segment === '..')) return 'The path holds a dot segment.'
  return undefined
}

/** The path below the mount, as MLflow knows it, or undefined where a path is not below the mount. */
export function belowMount (path: string): string | undefined {
  return path.startsWith(mount + '/') ? path.slice(mount.length) : undefined
}

/** Doubled slashes as one: MLflow would answer 308 with its own address (Werkzeug's `merge_slashes`). */
export function collapseSlashes (path: string): string {
  return path.includes('//') ? path.replace(/\/{2,}/g, '/') : path
}

const oldMount = /^\/api\/mlflow(?=\/|$)/
const oldBare = /^\/(?:ajax-)?api\/(?:[23]\.0\/mlflow|2\.0\/mlflow-artifacts)\//

/**
 * The new path of an old one, or undefined where a path is not an old one.
 * What comes back always begins with `/mlflow/`, so that it can stand in a relative Location.
 */
export function successor (path: string): string | undefined {
  if (oldMount.test(path)) return path === '/api/mlflow' ? `${mount}/` : path.replace(oldMount, mount)
  return oldBare.test(path) ? mount + path : undefined
}

/** The routes under which old paths arrive, for the router; `successor` decides. */
export const oldRoutes: readonly string[] = [
  '/api/mlflow', '/api/mlflow/*',
  ...['/api', '/ajax-api'].flatMap(root => [`${root}/2.0/mlflow/*`, `${root}/3.0/mlflow/*`, `${root}/2.0/mlflow-artifacts/*`])
]
