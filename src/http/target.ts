/** Request targets: read in one way only, or refused. */
import { isUtf8 } from 'node:buffer'
import { artifactRoots } from '../access/matcher.js'
import { decode } from '../access/readings.js'
import { belowMount, mount, successor } from '../core/public-paths.js'

/** The methods that MLflow knows; OPTIONS is answered before. */
export const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

/** A request target (RFC 9112, section 3.2) taken apart, both parts exactly as they came. */
export interface Target {
  readonly path: string
  /** With its question mark; empty when there is none. */
  readonly query: string
  /** Why it is refused (400): a sentence, or undefined. */
  readonly problem: string | undefined
  /**
   * Why it would be refused if it were no path of an artifact, to whose names MLflow allows nearly any byte; said only of
   * what begins like one.
   */
  readonly odd: string | undefined
}

/** Nothing here can be read in two ways, so long as no segment begins with a dot. */
const plain = /^[\w\-.~!$&'()*+,;=:@/]+$/

type Faults = Pick<Target, 'problem' | 'odd'>

const fine: Faults = { problem: undefined, odd: undefined }

/** Takes a raw request target apart, and says whether it could be read in two ways. The time is linear in its length. */
export function readTarget (url: string): Target {
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const { problem, odd } = faultsOf(url, path)
  return { path, query: mark === -1 ? '' : url.slice(mark), problem, odd }
}

function faultsOf (url: string, path: string): Faults {
  if (url.includes('#')) return refused('The request target contains a raw "#".')
  if (!path.startsWith('/')) return refused('The request target must be a path that begins with "/".')
  if (plain.test(path) && !path.includes('/.')) return fine
  if (/[^\x21-\x7e]/.test(path)) return refused('The path contains a control character or a non-ASCII byte: percent-encode it.')
  const decoded = decode(path, '/')
  const odd = oddity(path, decoded)
  if (odd !== undefined && !isArtifactLike(path)) return refused(odd)
  if (decoded.includes('\0')) return refused('The path contains a NUL.')
  return dotSegment.test(decoded) ? refused('The path contains a dot segment.') : { problem: undefined, odd }
}

function refused (problem: string): Faults {
  return { problem, odd: undefined }
}

const dotSegment = /(?:^|\/)\.\.?(?:\/|$)/

/** Why servers could read a path differently from each other, or undefined where they cannot. */
function oddity (path: string, decoded: string): string | undefined {
  if (/%(?![\da-f]{2})/i.test(path) || !isUtf8(Buffer.from(decoded, 'latin1'))) {
    return 'The path contains an invalid percent-encoding, or one that is not UTF-8.'
  }
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for: those of ASCII, and those of Latin-1 in UTF-8
  return /[\x00-\x1f\x7f\\]|\xc2[\x80-\x9f]/.test(decoded) ? 'The path contains a backslash or a control character.' : undefined
}

/** Whether all before an artifact's own path is spelt as clients spell it, by the new path or an old one. */
function isArtifactLike (path: string): boolean {
  const below = belowMount(successor(path) ?? path)
  return below !== undefined && artifactRoots.some(root => below.startsWith(root))
}

/**
 * What the router is shown of a request target. It would decode a path, and answer past all hooks where it cannot; of a path of MLflow's
 * that holds a percent sign it learns only whether it is a new or an old one.
 */
export function routed (url: string): string {
  const percent = url.indexOf('%')
  const mark = url.indexOf('?')
  if (percent === -1 || (mark !== -1 && mark < percent)) return url
  if (url.startsWith(`${mount}/`)) return `${mount}/`
  return successor(mark === -1 ? url : url.slice(0, mark)) === undefined ? url : '/api/mlflow/'
}
