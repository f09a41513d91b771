/** Reads the conditions of a rule as AWS prints them. */
import { rangeBits } from '../solver/address.js'
import type { Condition, Pair, ValueKind } from '../model.js'
import { canonical, complain, filledListOf, hasOther, listOf, member, optionalText, textOf, type Cursor } from '../cursor.js'

interface Kind {
  readonly config: string
  readonly regex: boolean
}

const kinds: Readonly<Record<string, Kind>> = {
  'host-header': { config: 'HostHeaderConfig', regex: true },
  'path-pattern': { config: 'PathPatternConfig', regex: true },
  'http-header': { config: 'HttpHeaderConfig', regex: true },
  'http-request-method': { config: 'HttpRequestMethodConfig', regex: false },
  'query-string': { config: 'QueryStringConfig', regex: false },
  'source-ip': { config: 'SourceIpConfig', regex: false }
}

const headerName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i

/** @throws InputError */
export function readCondition (cursor: Cursor): Condition {
  const field = textOf(member(cursor, 'Field'))
  const kind = Object.hasOwn(kinds, field) ? kinds[field] : undefined
  // What is told in words that are not known could change the meaning of those that are.
  if (kind === undefined || hasOther(cursor, ['Field', 'Values', kind.config, ...(kind.regex ? ['RegexValues'] : [])])) return unknown(field, cursor)
  const config = member(cursor, kind.config)
  const inConfig = config.value === undefined ? { value: {}, place: config.place } : config
  if (hasOther(inConfig, ['Values', ...(kind.regex ? ['RegexValues'] : []), ...(field === 'http-header' ? ['HttpHeaderName'] : [])])) return unknown(field, cursor)
  // The old place and the new one can hold the same list.
  const lists = (name: string): readonly Cursor[] => [...listOf(member(inConfig, name)), ...listOf(member(cursor, name))]
  const values = lists('Values')
  const regexes = kind.regex ? lists('RegexValues') : []
  if (values.length + regexes.length === 0) filledListOf(member(config.value === undefined ? cursor : config, 'Values'))
  if (field === 'query-string') return { kind: field, pairs: values.map(readPair) }
  const texts = { values: unique(values), regexes: unique(regexes) }
  if (field === 'http-header') return headerCondition(cursor, inConfig, texts)
  if (field === 'source-ip') values.forEach(checkRange)
  return { kind: field as ValueKind, ...texts }
}

function headerCondition (cursor: Cursor, config: Cursor, texts: { readonly values: readonly string[], readonly regexes: readonly string[] }): Condition {
  const name = member(config, 'HttpHeaderName')
  if (!headerName.test(textOf(name))) complain(name, `${canonical(name.value)} is not the name of a header`)
  // What bytes beyond ASCII are compared with is not documented: HTTP knows them as opaque (RFC 9110, section 5.5).
  if (texts.values.some(value => /[^ -~]/.test(value))) return unknown(`http-header ${textOf(name)} beyond ASCII`, cursor)
  // AWS sends those who ask for this one to host-header; what it would be compared with is not said.
  return textOf(name).toLowerCase() === 'host' ? unknown('http-header Host', cursor) : { kind: 'http-header', name: textOf(name), ...texts }
}

function readPair (cursor: Cursor): Pair {
  return { key: optionalText(member(cursor, 'Key')), value: textOf(member(cursor, 'Value')) }
}

function checkRange (cursor: Cursor): void {
  if (rangeBits(textOf(cursor)) === undefined) complain(cursor, `${canonical(cursor.value)} is not a CIDR range, such as 10.0.0.0/8 or 2001:db8::/32`)
}

function unknown (field: string, cursor: Cursor): Condition {
  return { kind: 'unknown', field, text: canonical(cursor.value) }
}

function unique (cursors: readonly Cursor[]): string[] {
  return [...new Set(cursors.map(textOf))]
}
