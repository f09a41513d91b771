/** What kinds have in common whose conditions are a list of values, one of which must match. */
import { capitalised, single, type Block } from '../block.js'
import { textOf, type Cursor } from '../cursor.js'
import type { Request } from '../request.js'
import { compileRegex, matches, type Glob } from '../solver/pattern.js'
import { createLanguage } from '../solver/range.js'
import { anyOf, wildcardsIn, type Counted, type Kind } from './kind.js'

/** `regexes` are values too; of those that are not of the plain subset nothing can be said. */
export interface Values<K extends string> {
  readonly kind: K
  readonly values: readonly string[]
  readonly regexes: readonly string[]
  /** Names for values that are known only when the rules are made. */
  readonly open?: readonly string[]
}

interface Options<K extends string> {
  readonly kind: K
  readonly config: string
  readonly block: string
  /** Whether values may be regular expressions. */
  readonly regex: boolean
  /** Whether the part is compared without case. */
  readonly isFolded?: true
  /** Whether values may hold wildcards. */
  readonly wildcards: boolean
  /** The part of a request, as the solver calls it. */
  readonly part: string
  readonly glob: (value: string) => Glob
  /** That part of a request in the words of the patterns; undefined where it is not given. */
  readonly partOf: (request: Request) => string | undefined
  readonly seen: (request: Request) => string
  /** Whether a value matches whatever that part is. */
  readonly always?: (value: string) => boolean
  /** Why AWS does not take a value, where it does not. */
  readonly refusal?: (value: string) => string | undefined
  /** @throws InputError for what cannot be a value */
  readonly check?: (value: Cursor) => void
}

export function valuesKind<K extends string> (options: Options<K>): Kind<Values<K>> {
  const isFolded = options.isFolded === true
  const { kind, config, block, regex, wildcards, part, glob, partOf, seen, always, refusal, check } = options
  return {
    config,
    block,
    words: valueWords(regex),
    read ({ values, regexes, open }) {
      if (check !== undefined) values.forEach(check)
      return { kind, values: unique(values), regexes: unique(regexes), ...openValues(open) }
    },
    text: condition => `${kind} ${valuesText(condition)}`,
    unknowns: condition => valueUnknowns(condition, kind, isFolded),
    atom: condition => ({ part, language: createLanguage(globsOf(condition, glob, isFolded), valueMarks(condition, isFolded)) }),
    holds (condition, request) {
      const { values } = condition
      const given = partOf(request)
      if (given === undefined) return always !== undefined && values.some(always) ? true : undefined
      return anyOf([
        globsOf(condition, glob, isFolded).some(one => matches(one, given)), ...valueMarks(condition, isFolded).map(() => undefined)
      ])
    },
    seen: (_, request) => seen(request),
    limits: condition => countedValues(condition, wildcards),
    refused ({ values }) {
      return values.flatMap(value => {
        const why = refusal?.(value)
        return why === undefined ? [] : [{ value, why }]
      })
    },
    write: condition => ({ Field: kind, [config]: writtenValues(condition) }),
    fromBlock: (cursor, pending) => valuesOfBlock(cursor, pending),
    toBlock: blockOfValues
  }
}

/** Says which character of a value is none of those that AWS's page on conditions lists; undefined where all are. */
export function strangerIn (value: string, allowed: RegExp): string | undefined {
  const stranger = [...value].find(char => !allowed.test(char))
  return stranger === undefined ? undefined : `it must not contain the character ${stranger}`
}

/** The members that hold values. */
export function valueWords (regex: boolean): readonly string[] {
  return ['Values', 'OpenValues', ...regex ? ['RegexValues'] : []]
}

type Lists = Pick<Values<string>, 'values' | 'regexes' | 'open'>

export function valuesText ({ values, regexes, open = [] }: Lists): string {
  return [...values, ...regexes.map(regex => `regex ${regex}`), ...open.map(name => `{${name}}`)].join(' or ')
}

/** What of the values cannot be decided, in words. */
export function valueUnknowns ({ regexes, open = [] }: Lists, kind: string, isFolded: boolean): readonly string[] {
  return [
    ...undecided(regexes, isFolded).map(text => `the regular expression ${text} of ${kind}`),
    ...open.map(name => `a value of ${kind} that is not known yet (${name})`)
  ]
}

/** A mark for each value that cannot be decided; the same in two conditions matches alike. */
export function valueMarks ({ regexes, open = [] }: Lists, isFolded: boolean): readonly string[] {
  return [...undecided(regexes, isFolded), ...open.map(name => `open ${name}`)]
}

/** The patterns of the values, and of those regular expressions that can be decided. */
export function globsOf ({ values, regexes }: Lists, glob: (value: string) => Glob, isFolded: boolean): readonly Glob[] {
  return [...values.map(glob), ...regexes.flatMap(regex => compileRegex(regex, isFolded) ?? [])]
}

function undecided (regexes: readonly string[], isFolded: boolean): readonly string[] {
  return regexes.filter(regex => compileRegex(regex, isFolded) === undefined)
}

export function openValues (open: readonly Cursor[]): { readonly open?: readonly string[] } {
  return open.length === 0 ? {} : { open: unique(open) }
}

export function countedValues ({ values, regexes, open = [] }: Lists, wildcards: boolean): readonly Counted[] {
  const counted = values.map(text => ({ parts: [text], wildcards: wildcards ? wildcardsIn(text) : 0 }))
  return [...counted, ...regexes.map(text => ({ parts: [text], wildcards: 0 })), ...open.map(() => ({ parts: [], wildcards: 0 }))]
}

export function writtenValues ({ values, regexes }: Lists): object {
  return { Values: values, ...regexes.length === 0 ? {} : { RegexValues: regexes } }
}

/** A value that is not known yet can be anything. */
export function valuesOfBlock (block: Cursor, pending: string | undefined): object {
  const { values, regex_values: regexes, ...rest } = single(block.value) ?? {}
  const all = [...listOf(values), ...listOf(regexes)]
  const open = pending !== undefined && (all.length === 0 || all.includes(null)) ? [pending] : []
  const expressions = known(regexes)
  return {
    ...capitalised(rest),
    Values: known(values),
    ...expressions.length > 0 ? { RegexValues: expressions } : {},
    ...open.length > 0 ? { OpenValues: open } : {}
  }
}

export function blockOfValues ({ values, regexes }: Lists): Block {
  return { ...values.length === 0 ? {} : { values }, ...regexes.length === 0 ? {} : { regex_values: regexes } }
}

export function unique (cursors: readonly Cursor[]): string[] {
  return [...new Set(cursors.map(textOf))]
}

function known (list: unknown): readonly unknown[] {
  return listOf(list).filter(value => value !== null)
}

function listOf (value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
