/** Reads a head, or the trailers behind a chunked body, from bytes that are cut anywhere: each byte is looked at once. */
import { errors } from 'undici'
import { colon, cr, isTextByte, isTokenByte, lf, malformed, space, tab } from './characters.js'

/** Heads of MLflow's answers; queries of 70 KB come back in some of its Locations. */
export const headMaxBytes = 96 * 1024

/** What comes next. */
const statusLine = 0
const reason = 1
const lineEnd = 2
const line = 3
const name = 4
const blank = 5
const value = 6
const end = 7

const version = 'HTTP/1.'
const versionColumn = version.length
const reasonColumn = 'HTTP/1.1 200'.length

/** A class, as are its neighbours: its methods run for every read, on a few objects that live long. */
export class HeadReader {
  /** Name, value, name, value, of a head that was read whole. */
  fields: string[] = []
  status = 0
  minorVersion = 0
  private next = statusLine
  /** Where names and values begin and end, four numbers a field, from the start of the head. */
  private readonly marks: number[] = []
  private marked = 0
  /** What has come in earlier reads. */
  private text = ''

  beginHead (): void {
    this.begin(statusLine)
  }

  beginTrailers (): void {
    this.begin(line)
  }

  /** @returns where what follows the head begins, -1: more of it has to come. @throws for what is no head */
  read (bytes: Buffer, at: number, length: number): number {
    const before = this.text.length
    const limit = Math.min(length, at + headMaxBytes - before)
    const stop = this.scan(bytes, at, limit, before - at)
    if (stop === -1 && before + length - at >= headMaxBytes) throw new errors.HeadersOverflowError()
    this.text += bytes.toString('latin1', at, stop === -1 ? length : stop)
    if (stop !== -1) this.finish()
    return stop
  }

  private begin (next: number): void {
    this.next = next
    this.marked = 0
    this.text = ''
  }

  /**
   * Goes on from where it was left, with locals in place of members: it is the hottest loop.
   * @param offset what leads from an index of the bytes to one of the head
   */
  private scan (bytes: Buffer, from: number, to: number, offset: number): number {
    const { marks } = this
    let { next, marked } = this
    for (let at = from; at < to; at++) {
      const byte = bytes[at] as number
      switch (next) {
        case value:
          if (isTextByte(byte)) break
          demand(byte, cr)
          marks[marked++] = at + offset
          next = lineEnd
          break
        case name:
          if (isTokenByte(byte)) break
          demand(byte, colon)
          marks[marked++] = at + offset
          next = blank
          break
        case blank:
          if (byte === space || byte === tab) break
          marks[marked++] = at-- + offset
          next = value
          break
        case lineEnd:
          demand(byte, lf)
          next = line
          break
        case line:
          next = byte === cr ? end : name
          if (next === name && !isTokenByte(byte)) throw malformed('the start of a field')
          if (next === name) marks[marked++] = at + offset
          break
        case statusLine:
          next = afterStatusByte(byte, at + offset)
          break
        case reason:
          if (isTextByte(byte)) break
          demand(byte, cr)
          next = lineEnd
          break
        case end:
          demand(byte, lf)
          this.marked = marked
          return at + 1
      }
    }
    this.next = next
    this.marked = marked
    return -1
  }

  private finish (): void {
    const { text, marks, marked } = this
    const fields: string[] = []
    for (let index = 0; index < marked; index += 4) {
      const from = marks[index + 2] as number
      let to = marks[index + 3] as number
      // No part of a value; a tab would be none either, but llhttp minds it behind a length.
      while (to > from && text.charCodeAt(to - 1) === space) to--
      fields.push(text.slice(marks[index], marks[index + 1]), text.slice(from, to))
    }
    this.fields = fields
    this.status = Number(text.slice(reasonColumn - 3, reasonColumn))
    this.minorVersion = text.charCodeAt(versionColumn) - 0x30
  }
}

function demand (byte: number, wanted: number): void {
  if (byte !== wanted) throw malformed('a byte in its head')
}

/** @param column of the byte in the status line. @returns what comes next */
function afterStatusByte (byte: number, column: number): number {
  if (column >= reasonColumn) {
    if (byte === cr) return lineEnd
    if (byte === space) return reason
  } else if (column < versionColumn) {
    if (byte === version.charCodeAt(column)) return statusLine
  } else if (column === versionColumn + 1) {
    if (byte === space) return statusLine
  } else if (byte >= 0x30 && byte <= (column === versionColumn ? 0x31 : 0x39)) return statusLine
  throw malformed('its status line')
}
