/**
 * Readings of a raw path, each made in one pass over it: a caller's 80 KiB of percent-encodings or slashes must not
 * hold up everyone else.
 */

/** Stands for an encoded slash that is read as data: no route of MLflow's holds it. */
export const dataSlash = '\x01'

const slash = 0x2f
const percent = 0x25

/** Values of hexadecimal digits by their character codes; for all others so far below zero that no sum with one is not. */
const digits = new Int16Array(256).fill(-256)
for (const digit of '0123456789abcdefABCDEF') digits[digit.charCodeAt(0)] = parseInt(digit, 16)

/**
 * Undoes the percent-encodings of a path once, as Python's `unquote` and Werkzeug do: what is malformed stays as it is.
 * @param encodedSlash what `%2F` becomes: a slash, or `dataSlash`
 * @returns a character for each byte: routes are ASCII, so that bytes which are no UTF-8 are data like any other
 */
export function decode (path: string, encodedSlash: '/' | typeof dataSlash): string {
  if (!path.includes('%')) return path
  const bytes = Buffer.from(path, 'latin1') // an array of bytes is read several times as fast as a string
  const separator = encodedSlash.charCodeAt(0)
  let length = 0
  for (let index = 0; index < bytes.length; index++) {
    let code = bytes[index] ?? 0
    if (code === percent && index + 2 < bytes.length) {
      const value = (digits[bytes[index + 1] ?? 0] ?? 0) * 16 + (digits[bytes[index + 2] ?? 0] ?? 0)
      if (value >= 0) {
        code = value === slash ? separator : value
        index += 2
      }
    }
    bytes[length++] = code
  }
  return bytes.toString('latin1', 0, length)
}

/** Doubled slashes as one: MLflow would answer 308 with its own address (Werkzeug's `merge_slashes`). */
export function collapseSlashes (path: string): string {
  if (!path.includes('//')) return path
  const bytes = Buffer.from(path, 'latin1')
  let length = 0
  let last = 0
  for (let index = 0; index < bytes.length; index++) {
    const code = bytes[index] ?? 0
    if (code !== slash || last !== slash) bytes[length++] = code
    last = code
  }
  return bytes.toString('latin1', 0, length)
}

/** A path as the laxest of servers would take it: without case, without parameters (`;x`), with single slashes. */
export function undisguise (path: string): string {
  const lower = path.toLowerCase()
  if (!lower.includes(';')) return collapseSlashes(lower)
  const bytes = Buffer.from(lower, 'latin1')
  let length = 0
  let inParameter = false
  for (let index = 0; index < bytes.length; index++) {
    const code = bytes[index] ?? 0
    if (code === slash) inParameter = false
    else if (code === 0x3b) inParameter = true
    if (!inParameter) bytes[length++] = code
  }
  return collapseSlashes(bytes.toString('latin1', 0, length))
}
