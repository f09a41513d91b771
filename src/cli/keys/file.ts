/** Reads a file of keys to import: JSON lines, a JSON array, or CSV with a header line. */
import type { ImportedKey } from '../../keys/contract.js'
import { toImportedKeys, type Entry } from '../../keys/imported.js'
import { KeyInputError } from '../../keys/key-input.js'
import { parseCsv } from './csv.js'

/** The keys of a file. @throws KeyInputError that names every bad line, or place in an array, and never quotes a key */
export function parseKeyFile (text: string): readonly ImportedKey[] {
  const keys = toImportedKeys(entriesOf(text))
  if (keys.length === 0) throw new KeyInputError('The file contains no keys.')
  return keys
}

function entriesOf (text: string): Entry[] {
  const body = text.replace(/^\uFEFF/, '')
  const at = (line: number): string => `line ${line}`
  if (/^\s*\[/.test(body)) return arrayOf(body).map((value, index) => ({ at: at(index + 1), value }))
  if (/^\s*\{/.test(body)) {
    return body
      .split(/\r?\n/)
      .map((line, index) => ({ at: at(index + 1), value: line }))
      .filter(({ value }) => value.trim() !== '')
      .map(({ at, value }) => ({ at, value: json(value) }))
  }
  return parseCsv(body).map(({ line, value }) => ({ at: at(line), value }))
}

function arrayOf (text: string): unknown[] {
  const value = json(text)
  if (!Array.isArray(value)) throw new KeyInputError('The file begins like a JSON array, but is not one.')
  return value
}

function json (text: string): unknown {
  // The parser's own message quotes the text, and a key may stand there.
  try { return JSON.parse(text) } catch { return undefined }
}
