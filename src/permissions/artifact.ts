/** Which experiment a path in the artifact store belongs to, and what the source of a model version names. Pure, in linear time. */
import { decode } from '../access/readings.js'

/** A path that may be an experiment's: to be compared with where MLflow says that the experiment keeps its files. */
export interface ArtifactPlace {
  readonly experimentId: string
  /** The segments up to the id of the experiment, the id included. */
  readonly root: string
}

/**
 * Reads a path in the store: MLflow lays an experiment's files at `PREFIX/ID/…`.
 * @param path decoded once, as MLflow's routes get it
 * @returns undefined where it names no experiment, or could be taken for another path
 */
export function artifactPlace (path: string): ArtifactPlace | undefined {
  if (!isPlain(path)) return undefined
  const segments = path.split('/')
  if (segments.at(-1) === '') segments.pop()
  if (segments.some(segment => segment === '' || segment === '.' || segment === '..')) return undefined
  const index = segments.findIndex(isId)
  const experimentId = segments[index]
  return experimentId === undefined ? undefined : { experimentId, root: segments.slice(0, index + 1).join('/') }
}

/**
 * Whether an experiment keeps its files there.
 * @param location its `artifact_location`: `mlflow-artifacts:/PREFIX/ID`, or an address that ends in MLflow's path for artifacts
 */
export function liesAt (location: string, root: string): boolean {
  for (const scheme of ['mlflow-artifacts:', 'http:', 'https:']) {
    if (!location.startsWith(scheme)) continue
    const rest = location.slice(scheme.length)
    const authorityEnd = rest.startsWith('//') ? rest.indexOf('/', 2) : 0
    const path = authorityEnd === -1 ? '' : rest.slice(authorityEnd)
    const marker = '/api/2.0/mlflow-artifacts/artifacts/'
    const at = path.indexOf(marker)
    if (scheme !== 'mlflow-artifacts:' && at === -1) return false
    return withoutSlashes(at === -1 ? path : path.slice(at + marker.length)) === root
  }
  return false
}

/** Where MLflow keeps the files of a trace (`_get_trace_artifact_location_tag` of its SQL store). */
export function traceFiles (location: string, trace: string): string {
  return `${location.endsWith('/') ? location.slice(0, -1) : location}/traces/${trace}/artifacts`
}

export type Source =
  | { readonly kind: 'run' | 'loggedModel' | 'registered' | 'artifact', readonly value: string }
  /** A prompt's: its text is in a tag. */
  | { readonly kind: 'none' }

/** What the source of a model version names; undefined where it cannot be told: an address, a path on the server. */
export function sourceOf (source: string): Source | undefined {
  if (source === 'dummy-source' || source === 'prompt-template') return { kind: 'none' } // as MLflow's clients send them
  const [scheme, rest] = splitAt(source, ':/')
  if (rest === undefined || !isPlain(rest) || rest.startsWith('/') || rest.split('/').some(segment => segment === '..' || segment === '.')) return undefined
  const [first] = splitAt(rest, '/')
  switch (scheme) {
    case 'runs':
      return first === '' ? undefined : { kind: 'run', value: first }
    case 'models':
      return modelSource(rest)
    case 'mlflow-artifacts':
      return { kind: 'artifact', value: rest }
    default:
      return undefined
  }
}

function modelSource (rest: string): Source | undefined {
  const segments = rest.split('/')
  const [first = '', version] = segments
  if (first === '') return undefined
  if (segments.length === 1) {
    const at = first.lastIndexOf('@') // as MLflow parts them: a name may hold one
    if (at !== -1) return { kind: 'registered', value: first.slice(0, at) }
    return first.startsWith('m-') ? { kind: 'loggedModel', value: first } : undefined
  }
  return segments.length === 2 && version !== '' ? { kind: 'registered', value: first } : undefined
}

function splitAt (text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** Nothing in it that MLflow decodes again, or that an address gives a meaning. */
function isPlain (path: string): boolean {
  for (let index = 0; index < path.length; index++) {
    const code = path.charCodeAt(index)
    if (code < 0x20 || code === 0x7f || '%\\?#;'.includes(path.charAt(index))) return false
  }
  return true
}

function isId (segment: string): boolean {
  return segment.length < 20 && segment !== '' && [...segment].every(char => char >= '0' && char <= '9')
}

function withoutSlashes (path: string): string {
  let start = 0
  let end = path.length
  while (path[start] === '/') start++
  while (end > start && path[end - 1] === '/') end--
  return path.slice(start, end)
}

const routes = ['artifacts/', 'presigned/', 'mpu/create/', 'mpu/complete/', 'mpu/abort/']
const beginnings = ['/api/2.0/mlflow-artifacts/', '/ajax-api/2.0/mlflow-artifacts/'].flatMap(root => routes.map(route => root + route))

/**
 * The artifact path of a request, decoded once; undefined where its beginning is written in another way than MLflow's own (a doubled
 * slash), so that the path might begin elsewhere.
 * @param path raw, below the mount
 */
export function artifactPathIn (path: string): string | undefined {
  const decoded = decode(path, '/')
  const beginning = beginnings.find(each => decoded.startsWith(each))
  return beginning === undefined ? undefined : decoded.slice(beginning.length)
}
