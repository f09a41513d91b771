/** What each part of a request can look like: its characters, its shape, and the values that people like to see in an example. */
import { addressBits } from './address.js'
import { fold, separator } from './pattern.js'
import { fitsShape, type Shape } from './walk.js'

/** One part of a request, by which rules tell requests apart. */
export interface Dimension {
  /** A request can hold several of these at once or none, as headers and query pairs. */
  readonly many: boolean
  readonly shape: Shape
  /** A narrower shape that is tried first, since it reads better. */
  readonly fine?: Shape
  /** What a text begins with that is made of two others; undefined where it is not worth trying. */
  readonly joins?: string
  /** Tried before anything is computed. */
  readonly examples: readonly string[]
  /** Another value close by that reads better, where it serves as well. */
  readonly polish?: (text: string) => string
}

const lower = 'abcdefghijklmnopqrstuvwxyz'
const digits = '0123456789'
const upper = lower.toUpperCase()
const visible = lower + digits + upper + '-_.~!$\'()*+,;:@&=%"<>[\\]^`{|}'

const path: Dimension = {
  many: false,
  shape: {
    start: 'first',
    classes: [visible, '/'],
    step: (state, char) => state === 'first' && char !== '/' ? undefined : 'in',
    accepts: state => state === 'in'
  },
  // Dot segments, empty segments and encoded characters are what a load balancer may normalize first.
  fine: {
    start: 'first',
    classes: [visible.replace(/[.%]/g, ''), '/', '.'],
    step: pathStep,
    accepts: state => state === 'slash' || state === 'in'
  },
  joins: '/',
  examples: []
}

/** Where a path stands within its segment: at the start, in one that is a dot or two so far, or in any other. */
function pathStep (state: string, char: string): string | undefined {
  if (char === '/') return state === 'first' || state === 'in' ? 'slash' : undefined
  if (state === 'first') return undefined
  if (char !== '.') return 'in'
  return state === 'slash' ? 'dot' : state === 'dot' ? 'dots' : 'in'
}

const methods: Dimension = {
  many: false,
  shape: text(upper + lower + digits + '-_.!#$%&\'*+^`|~', false),
  examples: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'PURGE', 'PROPFIND']
}

const source: Dimension = {
  many: false,
  shape: {
    start: '',
    classes: ['4', '6', '0', '1'],
    step: (state, char) => {
      if (state === '') return char === '4' ? '32' : char === '6' ? '128' : undefined
      return state === '0' || (char !== '0' && char !== '1') ? undefined : String(Number(state) - 1)
    },
    accepts: state => state === '0'
  },
  examples: ['198.51.100.7', '203.0.113.7', '192.0.2.7', '2001:db8::7'].flatMap(address => addressBits(address) ?? []),
  polish: bits => bits.slice(0, -1) + '1' // a network's own address is nobody's
}

// Compared without case, so capitals stand for nothing of their own.
const plain = visible.replace(/[A-Z]/g, '')

const header: Dimension = { many: true, shape: headerShape(true), fine: headerShape(false), examples: [] }

const pairs = plain.replace(/[&=%+]/g, '') + '/?%+'

const query: Dimension = { many: true, shape: pairShape(true), fine: pairShape(false), examples: [] }

const anyHost = tabled(hostShape(false))
const dottedHost = tabled(hostShape(true))

/** A condition of a kind that is not known: true or false, and nothing can be said of when. */
const unknown: Dimension = { many: false, shape: { start: '', classes: [], step: () => undefined, accepts: () => true }, examples: [] }

/** Whether a request can be sent to a host of that name. */
export function isHost (name: string): boolean {
  return fitsShape(fold(name), anyHost)
}

/** The part of a request that a name stands for: `host`, `path`, `method`, `source`, `query`, `header:NAME` or `unknown:TEXT`. */
export function dimensionOf (name: string, hosts: readonly string[]): Dimension {
  switch (name) {
    case 'host': return { many: false, shape: anyHost, fine: dottedHost, joins: '', examples: hosts }
    case 'path': return path
    case 'method': return methods
    case 'source': return source
    case 'query': return query
    default: return name.startsWith('header:') ? header : unknown
  }
}

/** The same shape, with every step worked out once. */
function tabled (shape: Shape): Shape {
  const steps = new Map<string, Map<string, string | undefined>>()
  const ends = new Map<string, boolean>()
  return {
    ...shape,
    step (state, char) {
      const row = kept(steps, state, () => new Map<string, string | undefined>())
      return row.has(char) ? row.get(char) : kept(row, char, () => shape.step(state, char))
    },
    accepts: state => kept(ends, state, () => shape.accepts(state))
  }
}

function kept<K, V> (known: Map<K, V>, key: K, make: () => V): V {
  const old = known.get(key)
  if (old !== undefined) return old
  const made = make()
  known.set(key, made)
  return made
}

function text (classes: string, empty: boolean): Shape {
  return { start: 'empty', classes: [classes], step: () => 'in', accepts: state => empty || state === 'in' }
}

/** Printable, and no blank at either end, since HTTP drops it there. */
function headerShape (empty: boolean): Shape {
  return {
    start: 'empty',
    classes: [plain + '/?#', ' '],
    step: (state, char) => char !== ' ' ? 'in' : state === 'empty' ? undefined : 'blank',
    accepts: state => state === 'in' || (empty && state === 'empty')
  }
}

/** The key, the separator and the value of one pair, as they are sent. */
function pairShape (empty: boolean): Shape {
  return {
    start: 'key',
    classes: [pairs, '=', separator],
    step: (state, char) => {
      const inKey = state.startsWith('key')
      if (char === separator) return inKey && (empty || state === 'key+') ? 'value' : undefined
      if (inKey) return char === '=' ? undefined : 'key+'
      return 'value+'
    },
    accepts: state => state === 'value+' || (empty && state === 'value')
  }
}

/**
 * Labels between dots, none of which begins or ends with a hyphen. As URLs are read, a host whose last label is a
 * number is an IPv4 address, so it has to be one. The state is the label so far and the address so far.
 */
function hostShape (dotted: boolean): Shape {
  return {
    start: 'first ip0.',
    classes: ['abcdef', 'ghijklmnopqrstuvwyz', 'x', '0', '1', '2', '34', '5', '6789', '.', '-', '_'],
    step: (state, char) => {
      const [label = '', address = ''] = state.split(' ')
      const nextLabel = labelStep(label, char)
      return nextLabel === undefined ? undefined : `${nextLabel} ${addressStep(address, char)}`
    },
    accepts: state => {
      const [label, address = ''] = state.split(' ')
      return label === 'last-name' || (!dotted && (label === 'name' || label === 'last-root' || /^ip3[^.]/.test(address)))
    }
  }
}

/**
 * Where a name stands within its label: at the start, there after a name (a dot may end that: `a.com.`), in what may still
 * be a number, in a name, or after a hyphen.
 */
function labelStep (label: string, char: string): string | undefined {
  const [, later = '', at = ''] = /^(last-)?(.*)$/.exec(label === 'first' ? 'start' : label) ?? []
  const isFirst = at === 'start' || at === 'root'
  if (char === '.') return isFirst || at === 'hyphen' ? undefined : at === 'name' ? 'last-root' : 'last-start'
  if (char === '-') return isFirst ? undefined : later + 'hyphen'
  if (at === 'name' || at === 'hyphen') return later + 'name'
  if (at === 'zero' && char === 'x') return later + 'hex'
  if (at === 'hex') return later + (/[0-9a-f]/.test(char) ? 'hex' : 'name')
  if (isFirst) return later + (char === '0' ? 'zero' : /\d/.test(char) ? 'number' : 'name')
  return later + (/\d/.test(char) ? 'number' : 'name')
}

/**
 * How much of a dotted IPv4 address this is: which of its four parts, and what may follow in the part: everything at its
 * start, up to 99 more after a 1, 2 or one more digit, or nothing.
 */
function addressStep (address: string, char: string): string {
  const [, part = '', value = ''] = /^ip([0-3])(.*)$/.exec(address) ?? []
  if (part === '') return 'none'
  if (char === '.') return value !== '.' && part !== '3' ? `ip${Number(part) + 1}.` : 'none'
  const next = /\d/.test(char) ? partStep(value, char) : undefined
  return next === undefined ? 'none' : `ip${part}${next}`
}

/** States within a part: `.` nothing yet, `1` and `2` these digits, `25` these, `+` one more digit may follow, `=` none may. */
function partStep (value: string, digit: string): string | undefined {
  switch (value) {
    case '.': return digit === '0' ? '=' : digit === '1' || digit === '2' ? digit : '+'
    case '1': return '+'
    case '2': return digit < '5' ? '+' : digit === '5' ? '25' : '='
    case '25': return digit < '6' ? '=' : undefined
    case '+': return '='
    default: return undefined
  }
}
