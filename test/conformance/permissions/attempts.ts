/** Ways to reach a foreign team's things by one operation: in every place, in every spelling, beside one's own. */
import { gzipSync } from 'node:zlib'
import type { Operation } from '../../../src/access/classes.js'
import { mount } from '../../../src/core/public-paths.js'
import { askFor, type Asked } from './requests.js'
import type { Team } from './team.js'

export interface Attempt {
  readonly way: string
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Buffer
  /** It names a foreign thing where MLflow reads it, or in a way that can be read so: it must not get through. */
  readonly mustFail: boolean
}

type Draft = Pick<Attempt, 'way'> & { readonly query?: string, readonly body?: string | Buffer, readonly headers?: Readonly<Record<string, string>>, readonly path?: string, readonly method?: string, readonly mustFail?: false }

/** A page of a list tells by its token whether there is more: a filter must not ask for what is foreign. */
export const byFilter = 'by a filter for what is foreign'

/** @param short only one path of those that an operation has */
export function attemptsOf (operation: Operation, own: Team, foreign: Team, short: boolean): Attempt[] {
  const [mine, theirs] = [askFor(operation, own), askFor(operation, foreign)]
  const paths = [operation.path, ...operation.aliases ?? []].map(path => theirs.path.replace(operation.path.slice(0, 8), path.slice(0, 8)))
  const places = short ? [`${mount}${theirs.path}`] : [...new Set([theirs.path, ...paths].flatMap(path => [`${mount}${path}`, ...path.startsWith('/api/') || path.startsWith('/ajax-api/') ? [path] : []]))]
  return drafts(operation, mine, theirs).flatMap(({ way, query = '', body, headers = {}, path, method = operation.method, mustFail = true }) =>
    (path === undefined ? places : [mount + path]).map(place => ({
      way: `${operation.id} ${way}`,
      method,
      target: place + (query === '' ? '' : `?${query}`),
      headers: { ...body === undefined ? {} : { 'content-type': 'application/json' }, ...theirs.headers, ...headers },
      ...body === undefined ? {} : { body },
      mustFail
    })))
}

function drafts (operation: Operation, mine: Asked, theirs: Asked): Draft[] {
  if (Object.keys(theirs.message).length === 0 || theirs.bytes !== undefined || usesQuery(operation)) return [...pathDrafts(operation, mine, theirs), ...queryDrafts(operation, mine, theirs)]
  const [own, foreign] = [mine.message, theirs.message]
  const json = JSON.stringify
  // The facade writes these bodies anew before they are judged: what stood twice stands once then
  const rewritten = operation.handling === 'presigned' ? { mustFail: false } as const : {}
  const text = json(foreign)
  const bodies: Draft[] = [
    { way: 'by body', body: text },
    { way: 'in camel case', body: json(camel(foreign)) },
    { way: 'in a string', body: json(text) },
    { way: 'in a string, camel case', body: json(json(camel(foreign))) },
    { way: 'twice, own first', body: joined(json(own), text) },
    { way: 'twice, own last', body: joined(text, json(own)), ...rewritten },
    { way: 'twice, in a string', body: json(joined(text, json(own))), ...rewritten },
    { way: 'both spellings, own in camel case', body: json({ ...camel(own), ...foreign }) },
    { way: 'both spellings, own first', body: json({ ...own, ...camel(foreign) }) },
    { way: 'with an escape', body: text.replace(/"([a-z])/, (_, letter: string) => `"\\u00${letter.charCodeAt(0).toString(16)}`) },
    { way: 'in UTF-16', body: Buffer.from(text, 'utf16le') },
    { way: 'with a byte order mark', body: Buffer.from(`\uFEFF${text}`) },
    { way: 'compressed', body: gzipSync(text), headers: { 'content-encoding': 'gzip' } },
    { way: 'as a form', body: text, headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    { way: 'beside a number that is too long', body: joined(text, `{"x":${'1'.repeat(5000)}}`) },
    { way: 'own query, foreign body', query: queryOf(own), body: text },
    { way: 'foreign query, own body', query: queryOf(theirs.message), body: json(own) },
    { way: 'behind what MLflow cannot read', body: joined('{"max_results":{"a":[]},"timestamp":{}}', text) },
    { way: 'own, behind what MLflow cannot read', body: joined('{"max_results":{"a":[]},"timestamp":{},"filter":7}', json(own)), mustFail: false },
    { way: 'nothing at all', body: '{}', mustFail: false },
    ...listDrafts(own, foreign),
    ...mixedDrafts(own, foreign)
  ]
  if ('max_results' in foreign) bodies.push({ way: byFilter, body: json({ ...foreign, filter: "name LIKE 'team-b%'" }) })
  if ('run_id' in foreign) bodies.push({ way: 'by the old name', body: json({ ...foreign, run_id: undefined, run_uuid: foreign.run_id }) }, { way: 'by the old name beside the new', body: json({ ...foreign, run_id: own.run_id, run_uuid: foreign.run_id }) })
  return [...bodies, ...operation.method === 'GET' ? queryDrafts(operation, mine, theirs) : [], ...pathDrafts(operation, mine, theirs)]
}

/** Handlers that read the query whatever the method. */
function usesQuery ({ id }: Operation): boolean {
  return /^serve(?!SearchDatasets|CreatePromptlabRun)|^listArtifactsMlflow/.test(id)
}

function queryDrafts ({ method }: Operation, mine: Asked, theirs: Asked): Draft[] {
  if (Object.keys(theirs.message).length === 0) return []
  const [own, foreign] = [queryOf(mine.message), queryOf(theirs.message)]
  const bytes = theirs.bytes === undefined ? {} : { body: theirs.bytes }
  const found: Draft[] = [
    { way: 'by query', query: foreign, ...bytes },
    { way: 'by query, own first', query: `${own}&${foreign}`, ...bytes },
    { way: 'by query, own last', query: `${foreign}&${own}`, ...bytes },
    { way: 'by query, encoded', query: foreign.replace(/[a-z]/, letter => `%${letter.charCodeAt(0).toString(16)}`), ...bytes }
  ]
  if (method === 'GET') found.push({ way: 'by query of a HEAD', query: foreign, method: 'HEAD' })
  if ('run_id' in theirs.message) {
    found.push({ way: 'by query, by the old name', query: foreign.replace('run_id', 'run_uuid'), ...bytes }, { way: 'by query, old name beside the new', query: `${own}&run_uuid=${String(theirs.message.run_id)}`, ...bytes })
  }
  return found
}

function pathDrafts ({ path, method }: Operation, mine: Asked, theirs: Asked): Draft[] {
  if (!path.includes('{')) return Object.keys(theirs.message).length === 0 ? [{ way: 'as it is', ...theirs.bytes === undefined ? {} : { body: theirs.bytes }, ...method === 'GET' ? {} : { body: theirs.bytes ?? '{}' } }] : []
  const body = theirs.bytes ?? (method === 'GET' ? undefined : JSON.stringify(theirs.message))
  const bytes = body === undefined ? {} : { body }
  const query = method === 'GET' || method === 'DELETE' ? { query: queryOf(mine.message) } : {}
  const brace = path.lastIndexOf('/', path.indexOf('{'))
  const [beginning, rest] = [theirs.path.slice(0, brace + 1), theirs.path.slice(brace + 1)]
  const encoded = (text: string): string => `%${text.charCodeAt(0).toString(16)}${text.slice(1)}`
  const own = mine.path.slice(brace + 1)
  return [
    { way: 'by path', ...bytes, ...query },
    { way: 'by path, encoded', path: beginning + encoded(rest), ...bytes, ...query },
    { way: 'by path, doubled slash', path: `${beginning}/${rest}`, ...bytes, ...query },
    { way: 'by path, slash encoded', path: `${beginning.slice(0, -1)}%2F${rest}`, ...bytes, ...query },
    { way: 'by path, up from own', path: `${beginning}${own}/%2e%2e/%2e%2e/%2e%2e/%2e%2e/${rest}`, ...bytes, ...query },
    { way: 'by path, up from own, encoded twice', path: `${beginning}${own}/%252e%252e/%252e%252e/%252e%252e/%252e%252e/${rest}`, ...bytes, ...query },
    { way: 'by path, behind a dot', path: `${beginning}./${rest}`, ...bytes, ...query },
    { way: 'by path, foreign in own beginning', path: `${beginning}/${rest}/mlflow-artifacts/artifacts/${own}`, ...bytes, ...query }
  ]
}

/** MLflow deletes traces of one's own experiment alone, whatever others are named (`delete_traces`). */
const within = { mustFail: false } as const

/** Lists with one's own in them, and lists of nothing. */
function listDrafts (own: Record<string, unknown>, foreign: Record<string, unknown>): Draft[] {
  return Object.entries(foreign).filter(([name, value]) => Array.isArray(value) && /_ids$|^locations$/.test(name)).flatMap(([name, value]): Draft[] => [
    { way: `${name}, own and foreign`, body: JSON.stringify({ ...own, [name]: [...own[name] as unknown[], ...value as unknown[]] }), ...name === 'request_ids' ? within : {} },
    { way: `${name}, none`, body: JSON.stringify({ ...own, [name]: [] }), mustFail: false },
    { way: `${name}, not given`, body: JSON.stringify({ ...own, [name]: undefined }), mustFail: false },
    { way: `${name}, null`, body: JSON.stringify({ ...own, [name]: null }), mustFail: false }
  ])
}

/** Fields that name a thing, or the name that one is to have. */
const naming = /^(?:experiment_ids?|experiment_name|run_ids?|trace_ids?|name|new_name|source|models|prompt_versions|locations)$/

/** All one's own, but for one field. */
function mixedDrafts (own: Record<string, unknown>, foreign: Record<string, unknown>): Draft[] {
  const isFree = (value: unknown): boolean => typeof value === 'string' && value.startsWith('crossed')
  return Object.keys(foreign).filter(name => naming.test(name) && !isFree(foreign[name]))
    .map(name => ({ way: `own, but for ${name}`, body: JSON.stringify({ ...own, [name]: foreign[name] }) }))
}

function joined (first: string, second: string): string {
  return first === '{}' ? second : `${first.slice(0, -1)},${second.slice(1)}`
}

function camel (value: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase()), each]))
}

function queryOf (message: Readonly<Record<string, unknown>>): string {
  return Object.entries(message).flatMap(([name, value]) => (Array.isArray(value) ? value : [value])
    .map(each => `${name}=${encodeURIComponent(typeof each === 'object' ? JSON.stringify(each) : String(each))}`)).join('&')
}
