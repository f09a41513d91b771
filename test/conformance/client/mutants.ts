/** Seeded mistakes in the reader of answers: each must be caught by the proof. */
import type { AnswerReader } from '../../../src/mlflow/client/reader.js'
import { withMistakeIn, type Mistake } from '../../helpers/mistakes.js'

const sources = ['characters', 'head', 'framing', 'reader'] as const

interface Mutant extends Mistake {
  readonly source: typeof sources[number]
}

export const mutants: readonly Mutant[] = [
  { name: 'bytes behind the end are passed over', source: 'reader', from: 'this.sink.onEnd(keep && this.keep)', to: 'this.sink.onEnd(this.keep)' },
  { name: 'what an answer says of its connection is passed over', source: 'reader', from: 'this.sink.onEnd(keep && this.keep)', to: 'this.sink.onEnd(keep)' },
  { name: 'both framings are taken', source: 'framing', from: "if (length === chunked) throw malformed('a length of what is chunked')", to: 'if (length === chunked) break' },
  { name: 'both framings are taken, the other way round', source: 'framing', from: 'if (length !== untilClose || minorVersion', to: 'if (minorVersion' },
  { name: 'two lengths are taken', source: 'framing', from: 'if (length !== untilClose) throw new errors.ResponseContentLengthMismatchError()', to: '' },
  { name: 'a length may be anything that is a number', source: 'framing', from: '!/^\\d{1,15}$/.test(value)', to: 'Number.isNaN(Number(value))' },
  { name: 'a coding may hold chunked', source: 'framing', from: "value.toLowerCase() !== 'chunked'", to: "!value.toLowerCase().includes('chunked')" },
  { name: 'close is not seen', source: 'framing', from: "keep &&= !value.toLowerCase().includes('close')", to: '' },
  { name: 'HTTP/1.0 keeps its connection', source: 'framing', from: 'let keep = minorVersion === 1', to: 'let keep = true' },
  { name: '204 has a body', source: 'framing', from: ' || status === 204 || status === 304', to: ' || status === 304' },
  { name: '304 has a body', source: 'framing', from: ' || status === 204 || status === 304', to: ' || status === 204' },
  { name: 'HEAD has a body', source: 'reader', from: "method === 'HEAD'", to: 'false' },
  { name: 'a chunk may end in anything', source: 'reader', from: "if (byte !== wanted) throw malformed('the end of a line of chunks')", to: '' },
  { name: 'the size of a chunk may be empty', source: 'reader', from: ' || this.digits === 0) throw', to: ') throw' },
  { name: 'the size of a chunk may have any digits', source: 'reader', from: 'lower <= 0x66', to: 'lower <= 0x7a' },
  { name: 'the size of a chunk is counted in 32 bits', source: 'reader', from: 'this.left * 16 + digit', to: '(this.left * 16 + digit) | 0' },
  { name: 'extensions are not looked at', source: 'reader', from: 'byte === cr && extensions.test(this.extension)', to: 'byte === cr' },
  { name: 'trailers are not read', source: 'reader', from: 'this.head.beginTrailers()', to: 'this.finish(true)' },
  { name: 'trailers may frame', source: 'reader', from: "throw malformed('its trailers')", to: '{}' },
  { name: 'a body that the connection ends is cut', source: 'reader', from: 'if (this.next !== bodyUntilClose) return false', to: 'return false' },
  { name: 'a body that is cut is whole', source: 'reader', from: 'if (this.next !== bodyUntilClose) return false', to: 'if (this.next === nothing) return false' },
  { name: 'LF alone ends a line', source: 'head', from: 'demand(byte, cr)\n          marks[marked++] = at + offset\n          next = lineEnd', to: 'marks[marked++] = at + offset\n          next = byte === lf ? line : lineEnd' },
  { name: 'CR needs no LF', source: 'head', from: 'demand(byte, lf)\n          next = line', to: 'next = line' },
  { name: 'lines may be folded', source: 'head', from: "if (next === name && !isTokenByte(byte)) throw malformed('the start of a field')", to: 'if (byte === space || byte === tab) { next = value; marked--; break }' },
  { name: 'a name may end in a blank', source: 'head', from: 'if (isTokenByte(byte)) break\n', to: 'if (isTokenByte(byte) || byte === space) break\n' },
  { name: 'control characters are taken in values', source: 'characters', from: 'byte >= space && byte !== 0x7f', to: 'byte !== 0x0d && byte !== 0x0a' },
  { name: 'any byte is one of a name', source: 'characters', from: '~-]/.test', to: '~ ()-]/.test' },
  { name: 'any version is HTTP', source: 'head', from: 'column === versionColumn ? 0x31 : 0x39', to: '0x39' },
  { name: 'a status may have more digits', source: 'head', from: 'if (byte === space) return reason', to: 'return reason' },
  { name: 'a byte is lost where a head is cut', source: 'head', from: 'stop === -1 ? length : stop)', to: 'stop === -1 ? length - 1 : stop)' },
  { name: 'interim answers are final', source: 'framing', from: 'status > 101 && status < 200', to: 'status > 105 && status < 200' },
  { name: '100 is passed over', source: 'framing', from: 'if (status === 100 || status === 101) throw', to: 'if (status === 101) throw' },
  { name: '101 is passed over', source: 'framing', from: 'if (status === 100 || status === 101) throw', to: 'if (status === 100) throw' },
  { name: 'heads are unbounded', source: 'head', from: 'headMaxBytes = 96 * 1024', to: 'headMaxBytes = 2 ** 30' }
]

/** The reader with a mistake in it. */
export async function readerWith (mutant: Mutant): Promise<typeof AnswerReader> {
  return await withMistakeIn('src/mlflow/client', sources, mutant, async load => (await load('reader') as { readonly AnswerReader: typeof AnswerReader }).AnswerReader)
}
