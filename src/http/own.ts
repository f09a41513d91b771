/** Which paths are the facade's. All others are nobody's, or the platform's where `PLATFORM_UPSTREAM_URL` names it. */
import { decode, undisguise } from '../access/readings.js'

/** What MLflow has no path for. */
const facadeOnly =
  /^\/(?:(?:live|ready|login|login\/oidc|login\/callback|logout|openapi\.json|openapi\.yaml|whoami|whoami\/rotate)$|(?:docs|console|keys|admin\/keys|admin\/audit|admin\/usage|admin\/explain)(?:\/|$))/
/** What the facade and MLflow under its mount both have. */
const shared = /^\/(?:health|version)?$/
/** MLflow under its mount, old paths, and the health of MLflow behind. */
const mlflow = /^\/(?:(?:api\/)?mlflow|api\/health\/mlflow|(?:ajax-)?api\/(?:[23]\.0\/mlflow|2\.0\/mlflow-artifacts))(?:\/|$)/

/** Whether a path is one of ours that MLflow has not, spelt as clients spell it. */
export function isFacadeOnly (path: string): boolean {
  return facadeOnly.test(path)
}

/**
 * Whether a path is ours, as it came or as the laxest of servers would read it. What is passed on untouched is read anew
 * by whoever gets it, who may have a way to MLflow of its own: `//mlflow`, `/Mlflow`, `/x/..%2fmlflow` are refused here,
 * and never passed on.
 */
export function isOurs (path: string): boolean {
  if (isOurSpelling(path)) return true
  if (plain.test(path)) return false
  const lax = laxly(path)
  return isOurSpelling(lax) || (lax.includes('/.') && isOurSpelling(withoutDots(lax)))
}

function isOurSpelling (path: string): boolean {
  return mlflow.test(path) || facadeOnly.test(path) || shared.test(path)
}

/** What everybody reads alike, so long as no segment is empty or begins with a dot. */
const plain = /^(?:\/[a-z\d_~-][a-z\d_.~-]*)+\/?$/

/** A path may be encoded several times over; nobody decodes it more often than this. */
const decodings = 4

function laxly (path: string): string {
  let decoded = path
  for (let round = 0; round < decodings && decoded.includes('%'); round++) decoded = decode(decoded, '/')
  // eslint-disable-next-line no-control-regex -- many readers stop at a NUL, and leave out other control characters
  const [read = ''] = decoded.split(/[?#\x00]/, 1)
  // eslint-disable-next-line no-control-regex
  return undisguise(read.replace(/[\x01-\x20\x7f]/g, '').replaceAll('\\', '/'))
}

function withoutDots (path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return `/${kept.join('/')}`
}
