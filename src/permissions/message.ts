/**
 * The fields of a request as MLflow's handlers read them (`_get_request_message` of mlflow/server/handlers.py): the query of a GET that has
 * one, else the JSON body. What could be read in two ways, or what one version reads in another way than the next, is refused. Pure.
 */
import { decode } from '../access/readings.js'
import { checkJson, entriesOf, membersOf, UnreadableError, type Span } from './json-text.js'

/** Largest body that is judged: MLflow's own bound for a batch of metrics. */
export const judgedMaxBytes = 1024 * 1024

/** No id or name of MLflow's is longer, but for the sources of model versions. */
const valueMaxLength = 2000

export interface Message {
  /**
   * The values of a field, none where it is absent: `run_id`, `trace.trace_info.trace_id`, `metrics[].model_id`, `experiment_ids[]`.
   * @throws UnreadableError for what is no string, or is written in two ways
   */
  readonly pick: (path: string) => readonly string[]
  /** The names in a field that is a map, none where it is absent. @throws UnreadableError */
  readonly names: (path: string) => readonly string[]
}

/** Of a request that holds none. */
export const emptyMessage: Message = { pick: () => [], names: () => [] }

/**
 * Reads the fields of a query by their names in MLflow's messages.
 * @param query raw, with its question mark, or empty
 */
export function readQuery (query: string): Message {
  const pairs = new Map<string, string[]>()
  for (const pair of query.slice(1).split('&')) {
    if (pair === '') continue
    const equals = pair.indexOf('=')
    const name = formDecode(equals === -1 ? pair : pair.slice(0, equals))
    const values = pairs.get(name) ?? []
    values.push(equals === -1 ? '' : pair.slice(equals + 1))
    pairs.set(name, values)
  }
  return {
    names: () => [], // no query holds a map
    pick (path) {
      const isList = path.endsWith('[]')
      const name = isList ? path.slice(0, -2) : path
      const values = pairs.get(name) ?? []
      if (!isList && values.length > 1) throw new UnreadableError(`The query holds ${name} several times.`)
      return values.map(value => checked(name, utf8(formDecode(value))))
    }
  }
}

/**
 * Reads a JSON body.
 * @param contentEncoding the header of that name: MLflow does not decompress
 * @throws UnreadableError
 */
export function readBody (body: Uint8Array, contentEncoding?: string): Message {
  if (contentEncoding !== undefined && !['', 'identity'].includes(contentEncoding.trim().toLowerCase())) {
    throw new UnreadableError('The body is compressed.')
  }
  const outer = textOf(body)
  if (outer.trim() === '') return emptyMessage
  checkJson(outer)
  const text = unwrapped(outer)
  const root = firstOf(text)
  if (text.startsWith('null', root.start)) return emptyMessage
  const members = membersOf(text, root.start) // seen now: a name twice is refused whatever is asked for
  return {
    pick: path => spansAt(text, members, path.split('.')).map(span => valueAt(text, span, path)),
    names: path => spansAt(text, members, path.split('.')).flatMap(({ start }) => [...membersOf(text, start).keys()])
  }
}

/** Old clients wrap their JSON in a JSON string. */
function unwrapped (outer: string): string {
  if (outer[firstOf(outer).start] !== '"') return outer
  const inner = JSON.parse(outer) as string
  checkJson(inner)
  return inner
}

function firstOf (text: string): Span {
  let start = 0
  while (start < text.length && text.charCodeAt(start) <= 0x20) start++
  return { start, end: text.length }
}

function textOf (body: Uint8Array): string {
  if (body.includes(0)) throw new UnreadableError('The body is not UTF-8.')
  let text: string
  try { text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body) } catch { throw new UnreadableError('The body is not UTF-8.') }
  if (text.startsWith('\uFEFF')) throw new UnreadableError('The body begins with a byte order mark.')
  return text
}

function spansAt (text: string, members: ReadonlyMap<string, Span>, [step = '', ...more]: readonly string[]): readonly Span[] {
  const isList = step.endsWith('[]')
  const span = memberOf(text, members, isList ? step.slice(0, -2) : step)
  if (span === undefined) return []
  const spans = isList ? entriesOf(text, span.start) : [span]
  return more.length === 0 ? spans : spans.flatMap(({ start }) => spansAt(text, membersOf(text, start), more))
}

/** A member under the name of its field, or under that in camel case: protobuf takes either. `null` is as good as absent. */
function memberOf (text: string, members: ReadonlyMap<string, Span>, name: string): Span | undefined {
  const camel = toCamel(name)
  const spans = [...new Set([name, camel])].map(each => members.get(each)).filter(span => span !== undefined)
  if (spans.length > 1) throw new UnreadableError(`The body holds both ${name} and ${camel}.`)
  const [span] = spans
  return span === undefined || text.slice(span.start, span.end) === 'null' ? undefined : span
}

function valueAt (text: string, { start, end }: Span, path: string): string {
  const written = text.slice(start, Math.min(end, start + 6 * valueMaxLength))
  if (written.startsWith('"') && end - start <= written.length) {
    const value = JSON.parse(written) as string
    return path === 'tags[].value' ? value : checked(path, value)
  }
  // 2.22.5 takes numbers for ids of experiments, and makes text of them
  if (path.includes('experiment_id') && isDigits(written)) return written
  throw new UnreadableError(`The field ${path} of the body is not a string, or too long.`)
}

function isDigits (text: string): boolean {
  return text.length < 20 && (text === '0' || !text.startsWith('0')) && [...text].every(char => char >= '0' && char <= '9')
}

/** What no name or id of MLflow's holds may be read in another way by a database. */
function checked (path: string, value: string): string {
  if (value.length > valueMaxLength) throw new UnreadableError(`The field ${path} is too long.`)
  for (let index = 0; index < value.length; index++) {
    if (value.charCodeAt(index) < 0x20 || value.charCodeAt(index) === 0x7f) throw new UnreadableError(`The field ${path} holds a control character.`)
  }
  try { encodeURIComponent(value) } catch { throw new UnreadableError(`The field ${path} holds half a character.`) }
  return value
}

function toCamel (name: string): string {
  return name.split('_').map((word, index) => index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)).join('')
}

/** A character for each byte. */
function formDecode (text: string): string {
  return decode(text.replaceAll('+', ' '), '/')
}

function utf8 (bytes: string): string {
  try { return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(bytes, 'latin1')) } catch { throw new UnreadableError('The query is not UTF-8.') }
}
