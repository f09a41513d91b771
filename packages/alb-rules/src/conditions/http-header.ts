/** `http-header`: the values of one header, compared without case; any occurrence of it counts. */
import { single } from '../block.js'
import { canonical, complain, member, textOf } from '../cursor.js'
import { compile, fold, matches, type Glob } from '../solver/pattern.js'
import { createLanguage } from '../solver/range.js'
import { anyOf, type Kind } from './kind.js'
import { unknownCondition } from './unknown.js'
import {
  blockOfValues, countedValues, globsOf, openValues, unique, valueMarks, valuesOfBlock, valuesText, valueUnknowns, valueWords,
  writtenValues, type Values
} from './values.js'

export interface HttpHeader extends Values<'http-header'> {
  readonly name: string
}

/** RFC 9110, section 5.6.2. */
const token = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/i

const folded = (value: string): Glob => compile(fold(value))

export const httpHeader: Kind<HttpHeader> = {
  config: 'HttpHeaderConfig',
  block: 'http_header',
  words: [...valueWords(true), 'HttpHeaderName'],
  read ({ condition, config, values: given, regexes, open }) {
    const cursor = member(config, 'HttpHeaderName')
    const values = unique(given)
    if (!token.test(textOf(cursor))) complain(cursor, `${canonical(cursor.value)} is not the name of a header`)
    // What bytes beyond ASCII are compared with is not documented: HTTP knows them as opaque (RFC 9110, section 5.5).
    if (values.some(value => /[^ -~]/.test(value))) return unknownCondition(`http-header ${textOf(cursor)} beyond ASCII`, condition)
    // AWS sends those who ask for this one to host-header; what it would be compared with is not said.
    if (textOf(cursor).toLowerCase() === 'host') return unknownCondition('http-header Host', condition)
    return { kind: 'http-header', name: textOf(cursor), values, regexes: unique(regexes), ...openValues(open) }
  },
  text: condition => `http-header ${condition.name}: ${valuesText(condition)}`,
  unknowns: condition => valueUnknowns(condition, 'http-header', true),
  atom: condition => ({
    part: `header:${fold(condition.name)}`,
    language: createLanguage(globsOf(condition, folded, true), valueMarks(condition, true))
  }),
  holds (condition, request) {
    const sent = request.headers.get(fold(condition.name)) ?? []
    const globs = globsOf(condition, folded, true)
    const matched = sent.some(text => globs.some(glob => matches(glob, fold(text))))
    return anyOf([matched, ...sent.length === 0 ? [] : valueMarks(condition, true).map(() => undefined)])
  },
  seen: ({ name }, request) => (request.headers.get(fold(name)) ?? []).join(', '),
  limits: condition => countedValues(condition, true),
  refused: () => [],
  write: condition => ({ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: condition.name, ...writtenValues(condition) } }),
  fromBlock (block, pending) {
    const isNamed = typeof single(block.value)?.['http_header_name'] === 'string'
    return pending !== undefined && !isNamed ? undefined : valuesOfBlock(block, pending)
  },
  toBlock: condition => ({ http_header_name: condition.name, ...blockOfValues(condition) })
}
