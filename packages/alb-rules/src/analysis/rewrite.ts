/**
 * The URLs that redirects lead to, as texts over the URL of the first request, and what rules say about them in terms
 * of that first request.
 */
import type { Redirect } from '../model.js'
import { pairsOf } from '../request.js'
import { after, before, fold, prefixed, separator } from '../solver/pattern.js'
import { createLanguage, includes } from '../solver/range.js'
import type { Atom, Box } from '../solver/box.js'

/** A text around one part of the first request, or a text alone. The part `path` is without its slash. */
export interface Template {
  readonly before: string
  readonly part: 'host' | 'path' | 'query' | undefined
  readonly after: string
}

/** Where a chain of redirects stands. */
export interface Location {
  readonly protocol: 'HTTP' | 'HTTPS'
  readonly port: number
  readonly host: Template
  readonly path: Template
  readonly query: Template
}

export function firstLocation (protocol: 'HTTP' | 'HTTPS', port: number): Location {
  const whole = (part: Untold, head = ''): Template => ({ before: head, part, after: '' })
  return { protocol, port, host: whole('host'), path: whole('path', '/'), query: whole('query') }
}

/** Parts of a URL that a redirect makes of others in a way that is not followed here. */
export type Untold = 'host' | 'path' | 'query'

/** Where a redirect leads; what is untold of it stands for anything. */
export interface Sent {
  readonly location: Location
  readonly untold: readonly Untold[]
}

export function redirected (from: Location, { protocol, port, host, path, query }: Redirect): Sent {
  const templates = { host: filled(host, from), path: filled(path, from), query: filled(query, from) }
  const isTold = (part: Untold): boolean => {
    const template = templates[part]
    return template !== undefined && (template.part ?? part) === part && (part !== 'query' || !isCut(template))
  }
  return {
    location: {
      protocol: protocol === 'HTTP' || protocol === 'HTTPS' ? protocol : from.protocol,
      port: port === '#{port}' ? from.port : Number(port),
      host: templates.host ?? plain(''),
      path: templates.path ?? plain(''),
      query: templates.query ?? plain('')
    },
    untold: (['host', 'path', 'query'] as const).filter(part => !isTold(part))
  }
}

/** A query that was put within a pair of another one. */
function isCut ({ before: head, part, after: tail }: Template): boolean {
  return part !== undefined && (!/(^|&)$/.test(head) || !/^(&|$)/.test(tail))
}

/** What a box of requests at that location asks of the first request; undefined where it can never hold. */
export function seenFromFirst (box: Box, location: Location): Box | undefined {
  const atoms: Atom[] = []
  for (const atom of box) {
    const seen = seenAtom(atom, location)
    if (seen === false) return undefined
    if (seen !== true) atoms.push(seen)
  }
  return atoms
}

function seenAtom (atom: Atom, location: Location): Atom | boolean {
  const { part, language } = atom
  if (part === 'query') return queryAtom(atom, location.query)
  if (part !== 'host' && part !== 'path') return atom
  const template = location[part]
  if (template.part === undefined) return includes(language, { text: part === 'host' ? fold(template.before) : template.before, marks: [] })
  const [head, tail] = part === 'host' ? [fold(template.before), fold(template.after)] : [template.before, template.after]
  const rests = language.globs.flatMap(glob => after(glob, head)).flatMap(glob => before(glob, tail))
  const globs = part === 'host' ? rests : rests.map(rest => prefixed('/', rest))
  return globs.length > 0 && { part, language: createLanguage(globs) }
}

function queryAtom (atom: Atom, query: Template): Atom | boolean {
  const own = pairsOf(fold(query.before + '&' + query.after)).map(({ key, value }) => ({ text: key + separator + value, marks: [] }))
  if (own.some(pair => includes(atom.language, pair))) return true
  return query.part === undefined ? false : atom
}

/** A template of AWS with the location's parts put in. */
function filled (template: string, from: Location): Template | undefined {
  let [head, part, tail]: [string, Template['part'], string] = ['', undefined, '']
  for (const piece of template.split(/(#\{(?:protocol|host|port|path|query)\})/)) {
    const value = pieceOf(piece, from)
    if (value.part !== undefined && part !== undefined) return undefined
    if (value.part !== undefined) [head, part, tail] = [head + value.before, value.part, value.after]
    else if (part === undefined) head += value.before
    else tail += value.before
  }
  return { before: head, part, after: tail }
}

function pieceOf (piece: string, { protocol, port, host, path, query }: Location): Template {
  switch (piece) {
    case '#{protocol}': return plain(protocol.toLowerCase())
    case '#{port}': return plain(String(port))
    case '#{host}': return host
    case '#{path}': return { ...path, before: path.before.slice(1) }
    case '#{query}': return query
    default: return plain(piece)
  }
}

function plain (text: string): Template {
  return { before: text, part: undefined, after: '' }
}
