/** Bytes of HTTP/1.1, and what to call an answer that has others. */
import { errors } from 'undici'

export const tab = 0x09
export const lf = 0x0a
export const cr = 0x0d
export const space = 0x20
export const colon = 0x3a
export const semicolon = 0x3b

const isToken = 1
const isText = 2
const kinds = new Uint8Array(256)
for (let byte = 0; byte < 256; byte++) {
  if (/[\w!#$%&'*+.^`|~-]/.test(String.fromCharCode(byte))) kinds[byte] = isToken | isText
  else if (byte === tab || (byte >= space && byte !== 0x7f)) kinds[byte] = isText
}

/** Of a field's name (RFC 9110, section 5.6.2). */
export function isTokenByte (byte: number): boolean {
  return ((kinds[byte] ?? 0) & isToken) !== 0
}

/** Of a field's value (RFC 9110, section 5.5), and of a reason phrase. */
export function isTextByte (byte: number): boolean {
  return ((kinds[byte] ?? 0) & isText) !== 0
}

/** As undici names it, and `nameFault` knows it. @param where what is not as it should be */
export function malformed (where: string): Error {
  return new errors.HTTPParserError(`The answer is not HTTP/1.1: ${where}.`)
}
