/** Results as Markdown: figures, and the sections of documents that hold them. */
import { readFileSync, writeFileSync } from 'node:fs'
import { BenchError, UsageError } from './machine.js'

/** A result that has its place in documents. */
export interface Section {
  /** Of its markers. */
  readonly name: string
  readonly markdown: string
}

const begin = (name: string): string => `<!-- bench: ${name} -->\n`
const end = '<!-- bench: end -->\n'

/** @throws UsageError when a file has no place for any of these sections */
export function requireSections (file: string, names: readonly string[]): void {
  const text = read(file)
  if (!names.some(name => text.includes(begin(name)))) throw new UsageError(`${file} has no line ${begin(names[0] ?? '').trim()} for the result.`)
}

/** Writes sections anew between their markers; a section that the file has no place for stays out. */
export function writeSections (file: string, sections: readonly Section[]): void {
  writeFileSync(file, sections.reduce(withSection, read(file)))
}

/** @throws BenchError when the section has no end */
export function withSection (text: string, { name, markdown }: Section): string {
  const from = text.indexOf(begin(name))
  if (from === -1) return text
  const to = text.indexOf(end, from)
  if (to === -1) throw new BenchError(`The section ${name} has no line ${end.trim()}.`)
  return `${text.slice(0, from)}${begin(name)}${markdown}${text.slice(to)}`
}

function read (file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new UsageError(`${file} cannot be read.`)
  }
}

/** The least and the most. */
export function spread (values: readonly number[], digits = 0): string {
  return values.length === 0 ? '–' : `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`
}

const isMissing = (value: number | undefined): value is undefined => value === undefined || Number.isNaN(value)

export const decimals = (value: number | undefined, digits = 2): string => isMissing(value) ? '–' : value.toFixed(digits)
export const whole = (value: number | undefined): string => isMissing(value) ? '–' : Math.round(value).toLocaleString('en')
export const millions = (value: number | undefined): string => isMissing(value) ? '–' : whole(value / 1e6)
export const mebibytes = (value: number | undefined, digits = 0): string => isMissing(value) ? '–' : (value / 1024 ** 2).toFixed(digits)
