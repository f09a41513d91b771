/** A draft of classes for operations that have none, by analogy: a start for the person who reads MLflow's source, never the end. */
import type { AccessClass, Operation } from '../../src/access/classes.js'
import { strongest } from '../../src/access/classes.js'

/** An operation as MLflow names it. */
export interface Unclassified {
  readonly id: string
  readonly method: string
  readonly path: string
}

interface Guess extends Unclassified {
  readonly area: string
  readonly level: AccessClass
  /** The operations that it was judged by. */
  readonly like: readonly string[]
}

/** @param known the table of operations as it was */
export function guess (operation: Unclassified, known: readonly Operation[]): Guess {
  const neighbours = known.filter(({ path }) => subject(path) === subject(operation.path))
  const similar = neighbours.filter(({ method }) => method === operation.method)
  const sameVerb = known.filter(other => other.class !== 'blocked' && subject(other.path) !== '' && sounds(other) === sounds(operation))
  const alike = [similar, neighbours, sameVerb].find(list => list.length > 0) ?? []
  const classes = alike.map(other => other.class)
  const byMethod = operation.method === 'GET' ? 'read' : 'write'
  return {
    ...operation,
    area: neighbours[0]?.area ?? title(subject(operation.path)),
    level: neighbours.length > 0 ? classes.reduce(strongest, 'public') : mostOften(classes) ?? byMethod,
    like: alike.map(({ id }) => id).slice(0, 3)
  }
}

/** The draft in the form of src/access/classes.ts, with what each was judged by. */
export function printDraft (operations: readonly Unclassified[], known: readonly Operation[]): string[] {
  const guesses = operations.map(operation => guess(operation, known))
  const areas = [...new Set(guesses.map(({ area }) => area))]
  return [
    ...areas.flatMap(area => printArea(area, guesses.filter(other => other.area === area))),
    ...guesses.map(({ id, method, path, level, like }) =>
      `  ${id} (${method} ${path}): ${level}, ${like.length > 0 ? `as ${like.join(', ')}` : 'by its method'}`)
  ]
}

function printArea (area: string, guesses: readonly Guess[]): string[] {
  const name = /^\w+$/.test(area) ? area : `'${area}'`
  const ids = (level: AccessClass): string => guesses.filter(other => other.level === level).map(({ id }) => id).join(' ')
  return [`  ${name}: {`, [...new Set(guesses.map(({ level }) => level))].map(level => `    ${level}: '${ids(level)}'`).join(',\n'), '  }']
}

/** What a path is about: its first segment behind the version, or none. */
function subject (path: string): string {
  return /^\/(?:ajax-)?api\/[\d.]+\/(?:mlflow\/)?([\w-]+)/.exec(path)?.[1] ?? ''
}

/** Method and verb: what operations of another subject are compared by. */
function sounds ({ method, id }: Unclassified): string {
  return `${method} ${/^[a-z]+/.exec(id)?.[0] ?? ''}`
}

function title (subject: string): string {
  const words = subject.replaceAll('-', ' ')
  return words === '' ? 'Server' : words.charAt(0).toUpperCase() + words.slice(1)
}

function mostOften (levels: readonly AccessClass[]): AccessClass | undefined {
  const counts = new Map<AccessClass, number>()
  for (const level of levels) counts.set(level, (counts.get(level) ?? 0) + 1)
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0]
}
