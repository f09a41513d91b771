/** Reads the conditions of a rule as AWS prints them. */
import { rangeBits } from '../solver/address.js'
import type { Condition, Pair, ValueKind } from '../model.js'
import { canonical, complain, filledListOf, hasOther, listOf, member, optionalText, textOf, type Spot } from '../cursor.js'

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
export function readCondition (spot: Spot): Condition {
  const field = textOf(member(spot, 'Field'))
  const kind = Object.hasOwn(kinds, field) ? kinds[field] : undefined
  // What is told in words that are not known could change the meaning of those that are.
  if (kind === undefined || hasOther(spot, ['Field', 'Values', kind.config, ...(kind.regex ? ['RegexValues'] : [])])) return unknown(field, spot)
  const config = member(spot, kind.config)
  const inConfig = config.value === undefined ? { value: {}, place: config.place } : config
  if (hasOther(inConfig, ['Values', ...(kind.regex ? ['RegexValues'] : []), ...(field === 'http-header' ? ['HttpHeaderName'] : [])])) return unknown(field, spot)
  // The old place and the new one can hold the same list.
  const lists = (name: string): readonly Spot[] => [...listOf(member(inConfig, name)), ...listOf(member(spot, name))]
  const values = lists('Values')
  const regexes = kind.regex ? lists('RegexValues') : []
  if (values.length + regexes.length === 0) filledListOf(member(config.value === undefined ? spot : config, 'Values'))
  if (field === 'query-string') return { kind: field, pairs: values.map(readPair) }
  const texts = { values: unique(values), regexes: unique(regexes) }
  if (field === 'http-header') return headerCondition(spot, inConfig, texts)
  if (field === 'source-ip') values.forEach(checkRange)
  return { kind: field as ValueKind, ...texts }
}

function headerCondition (spot: Spot, config: Spot, texts: { readonly values: readonly string[], readonly regexes: readonly string[] }): Condition {
  const name = member(config, 'HttpHeaderName')
  if (!headerName.test(textOf(name))) complain(name, `${canonical(name.value)} is not the name of a header`)
  // What bytes beyond ASCII are compared with is not documented: HTTP knows them as opaque (RFC 9110, section 5.5).
  if (texts.values.some(value => /[^ -~]/.test(value))) return unknown(`http-header ${textOf(name)} beyond ASCII`, spot)
  // AWS sends those who ask for this one to host-header; what it would be compared with is not said.
  return textOf(name).toLowerCase() === 'host' ? unknown('http-header Host', spot) : { kind: 'http-header', name: textOf(name), ...texts }
}

function readPair (spot: Spot): Pair {
  return { key: optionalText(member(spot, 'Key')), value: textOf(member(spot, 'Value')) }
}

function checkRange (spot: Spot): void {
  if (rangeBits(textOf(spot)) === undefined) complain(spot, `${canonical(spot.value)} is not a CIDR range, such as 10.0.0.0/8 or 2001:db8::/32`)
}

function unknown (field: string, spot: Spot): Condition {
  return { kind: 'unknown', field, text: canonical(spot.value) }
}

function unique (spots: readonly Spot[]): string[] {
  return [...new Set(spots.map(textOf))]
}
