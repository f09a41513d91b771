/** What commands are given, read and checked: files, arguments and options. */
import { readFileSync } from 'node:fs'
import { InputError } from '../cursor.js'
import { readPlannedChange, readRules } from '../formats/read.js'
import { hostsNamed, rulesOf, type RuleSet } from '../model.js'
import { UsageError, type Io } from './command.js'

type Named<Names extends readonly string[]> = { readonly [Name in keyof Names]: string }

/** The arguments without a dash, all of which must be there. */
export function named<const Names extends readonly string[]> (given: readonly string[], names: Names): Named<Names> {
  const missing = names[given.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`)
  if (given.length > names.length) throw new UsageError(`There is one argument too many: ${given[names.length]}`)
  return given as Named<Names>
}

/** The rules in a file; what a reader should know about them goes to stderr.
 *  @throws UsageError */
export function load (file: string, io: Io): RuleSet {
  const ruleSet = inFile(file, () => readRules(readText(file)))
  for (const note of ruleSet.notes) io.stderr.write(`${file}: ${note}\n`)
  return ruleSet
}

/** The rules of BEFORE and AFTER, or those before and after the one plan that is given; then the file that tells what will be.
 *  @throws UsageError */
export function compared (files: readonly string[], io: Io): readonly [before: RuleSet, after: RuleSet, file: string] {
  const [only, ...more] = files
  if (only !== undefined && more.length === 0) {
    const [before, after] = inFile(only, () => readPlannedChange(readText(only)))
    for (const note of new Set([...before.notes, ...after.notes])) io.stderr.write(`${only}: ${note}\n`)
    return [before, after, only]
  }
  const [one, other] = named(files, ['BEFORE', 'AFTER'])
  return [load(one, io), load(other, io), other]
}

/** The text of a file, `-` for standard input.
 *  @throws UsageError */
export function readText (file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new UsageError(`Cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'}).`)
  }
}

/** Runs a reader, and names the file in its complaint. */
export function inFile<T> (file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof InputError ? new UsageError(`${file}: ${error.message}`) : error
  }
}

/** How many rules a load balancer may have, where that is given.
 *  @throws UsageError */
export function readRulesMax (text: string | undefined): { readonly rulesMax?: number } {
  if (text === undefined) return {}
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new UsageError(`--max-rules is a number of rules, not ${text}`)
  return { rulesMax: Number(text) }
}

/** Lines such as `NAME: VALUE` as headers; a name can come several times. */
export function readHeaders (lines: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const headers: Record<string, string[]> = {}
  for (const line of lines) {
    const [, name, value] = /^([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new UsageError(`--header takes 'NAME: VALUE', not ${line}`)
    headers[name] = [...headers[name] ?? [], value]
  }
  return headers
}

/** The hosts that examples should have: those asked for, then known ones whose domain the rules are about. */
export function exampleHosts (ruleSets: readonly RuleSet[], asked: readonly string[], known: readonly string[]): readonly string[] {
  const domainOf = (name: string): string => name.toLowerCase().split('.').slice(-2).join('.')
  const domains = new Set(hostsNamed(ruleSets.flatMap(rulesOf)).map(domainOf))
  const wrong = asked.find(name => !/^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(name) || name.includes('..'))
  if (wrong !== undefined) throw new UsageError(`--host takes a host name, not ${wrong}`)
  return [...asked.map(name => name.toLowerCase()), ...known.filter(name => domains.has(domainOf(name)))]
}
