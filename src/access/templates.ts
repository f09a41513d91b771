/**
 * Templates of MLflow's routes, matched without a regular expression: two `{name:path}` in one would make that
 * quadratic in a caller's path.
 */
import { decode } from './readings.js'

/** Whether a decoded path is one of a template's, given that its beginning up to `from` is. */
export type Fits = (path: string, from: number) => boolean

/** A whole segment, or a part of one. */
const segment = Symbol('segment')
/** Any number of segments. */
const rest = Symbol('rest')

/** A parameter, or the text between two. */
type Piece = string | typeof segment | typeof rest

/**
 * Makes the test for what stands behind the fixed beginning of a template. `{name}` is `[^/]+`. Flask's `<path:name>`
 * neither is empty nor begins with a slash; FastAPI's `{name:path}` takes anything, so that of a text between two of
 * them the leftmost place is as good as any: nothing is tried twice.
 * @param template behind the last slash before its first parameter
 * @param native by FastAPI's rules, else by Flask's
 * @throws Error for a shape that no known MLflow has: better no start than a wrong judgement
 */
export function compileTemplate (template: string, native: boolean): Fits {
  const pieces = template.split(/(\{\w+(?::path)?\})/).filter(part => part !== '').map((part): Piece => {
    if (!part.startsWith('{')) return decode(part, '/')
    return part.endsWith(':path}') ? rest : segment
  })
  const first = pieces.indexOf(rest)
  const head = first === -1 ? pieces : pieces.slice(0, first)
  if (!head.every((piece, index) => isWalkable(piece, pieces.slice(index + 1)))) throw new Error(`No way to match the template ${template}`)
  if (first === -1) return (path, from) => walk(head, path, from) === path.length

  const last = pieces.lastIndexOf(rest)
  const between = pieces.slice(first + 1, last).filter(piece => piece !== rest)
  const [text = '', parameter, ...more] = pieces.slice(last + 1)
  const isTail = typeof text === 'string' && more.length === 0 && (parameter === undefined || text.endsWith('/'))
  if (!isTail || !between.every(piece => typeof piece === 'string') || !(native || first === pieces.length - 1)) {
    throw new Error(`No way to match the template ${template}`)
  }
  return openEnded(head, between, { text, segment: parameter !== undefined }, native)
}

function isWalkable (piece: Piece, [next, ...more]: readonly Piece[]): boolean {
  if (piece !== segment || next === undefined) return true
  return typeof next === 'string' && (next.startsWith('/') || (more.length === 0 && !next.includes('/')))
}

/** Takes segments and texts from the left; gives where they end, or -1. */
function walk (pieces: readonly Piece[], path: string, from: number): number {
  let at = from
  for (let index = 0; index < pieces.length; index++) {
    const piece = pieces[index]
    if (typeof piece === 'string') {
      if (!path.startsWith(piece, at)) return -1
      at += piece.length
      continue
    }
    const slash = path.indexOf('/', at)
    const next = pieces[index + 1]
    const end = (slash === -1 ? path.length : slash) - (typeof next === 'string' && !next.startsWith('/') ? next.length : 0)
    if (end <= at) return -1
    at = end
  }
  return at
}

/** Head from the left, tail from the right, then each text between at its leftmost place. */
function openEnded (
  head: readonly Piece[],
  between: readonly string[],
  tail: { readonly text: string; readonly segment: boolean },
  native: boolean
): Fits {
  return (path, from) => {
    let at = walk(head, path, from)
    if (at === -1) return false
    let end = path.length
    if (tail.segment) {
      end = path.lastIndexOf('/') + 1
      if (end === path.length) return false
    }
    end -= tail.text.length
    if (!path.startsWith(tail.text, end)) return false
    for (const text of between) {
      const found = path.indexOf(text, at)
      if (found === -1) return false
      at = found + text.length
    }
    return at <= end && (native || (at < end && path.charAt(at) !== '/'))
  }
}
