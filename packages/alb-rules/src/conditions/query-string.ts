/** `query-string`: pairs of the query, or values under any key, compared without case; `\*` and `\?` are the characters themselves. */
import { listOf, member, objectOf, optionalText, textOf } from '../cursor.js'
import { pairsOf } from '../request.js'
import { compile, everything, fold, matches, separator, type Glob } from '../solver/pattern.js'
import { createLanguage } from '../solver/range.js'
import { anyOf, wildcardsIn, type Kind } from './kind.js'

export interface QueryString {
  readonly kind: 'query-string'
  /** One of them must match. */
  readonly pairs: readonly Pair[]
}

export interface Pair {
  /** Undefined: the value alone counts. */
  readonly key: string | undefined
  readonly value: string
}

export const queryString: Kind<QueryString> = {
  config: 'QueryStringConfig',
  block: 'query_string',
  words: ['Values'],
  read: ({ values }) => ({
    kind: 'query-string',
    pairs: values.map(cursor => ({ key: optionalText(member(cursor, 'Key')), value: textOf(member(cursor, 'Value')) }))
  }),
  text: ({ pairs }) => `query-string ${pairs.map(pairText).join(' or ')}`,
  unknowns: ({ pairs }) => unsendable(pairs).map(pair => `the query pair ${pairText(pair)}, which can only come encoded`),
  atom: ({ pairs }) => ({
    part: 'query',
    language: createLanguage(pairs.filter(isSendable).map(pairGlob), unsendable(pairs).map(pair => JSON.stringify(pair)))
  }),
  holds: ({ pairs }, { query }) => anyOf(pairs.map(pair => pairHolds(pair, query))),
  seen: (_, { query }) => query,
  limits: ({ pairs }) => pairs.map(({ key = '', value }) => {
    return { parts: [key, value], wildcards: wildcardsIn(`${key} ${value}`.replace(/\\[*?]/g, '')) }
  }),
  refused: () => [],
  write: ({ pairs }) => ({
    Field: 'query-string',
    QueryStringConfig: { Values: pairs.map(({ key, value }) => key === undefined ? { Value: value } : { Key: key, Value: value }) }
  }),
  fromBlock (block, pending) {
    const pairs = listOf(block).map(objectOf)
    if (pending !== undefined && pairs.some(({ value }) => typeof value !== 'string')) return undefined
    const isKeyed = (key: unknown): boolean => key !== undefined && key !== null && key !== ''
    return { Values: pairs.map(({ key, value }) => isKeyed(key) ? { Key: key, Value: value } : { Value: value }) }
  },
  toBlock: ({ pairs }) => pairs.map(({ key, value }) => key === undefined ? { value } : { key, value })
}

function pairText ({ key, value }: Pair): string {
  return key === undefined ? value : `${key}=${value}`
}

/** The pattern of a pair; a key that is not told can be any. */
function pairGlob ({ key, value }: Pair): Glob {
  return (key === undefined ? everything : compile(fold(key), true)) + separator + compile(fold(value), true)
}

/**
 * Whether the characters of a pair can stand in a query as they are. Of the others only an encoded form can come,
 * and it is not documented whether that is decoded before it is compared.
 */
function isSendable ({ key = '', value }: Pair): boolean {
  return /^[!-~]*$/.test(key + value) && !/[&#]/.test(key + value) && !key.includes('=')
}

function unsendable (pairs: readonly Pair[]): readonly Pair[] {
  return pairs.filter(pair => !isSendable(pair))
}

/** A pair with a character that can only come encoded may match what is encoded: whether it is decoded first is not documented. */
function pairHolds (pair: Pair, query: string): boolean | undefined {
  const glob = pairGlob(pair)
  if (pairsOf(fold(query)).some(({ key, value }) => matches(glob, key + separator + value))) return true
  return /[^!-~]|[&#]/.test((pair.key ?? '') + pair.value) && /[%+]/.test(query) ? undefined : false
}
