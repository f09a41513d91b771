/**
 * Reads the answers that come by one connection, from bytes that are cut anywhere. It takes nothing that llhttp refuses as
 * undici runs it, and refuses more: of what is odd, a proxy and its server may see different messages.
 */
import { cr, isTextByte, lf, malformed, semicolon } from './characters.js'
import { chunked, framingOf, isFraming, untilClose } from './framing.js'
import { HeadReader } from './head.js'

/** Who is told of an answer; any of the calls may `stop` the reader. */
export interface AnswerSink {
  /** Of interim answers, too. @param fields name, value, name, value */
  onHead: (status: number, fields: string[]) => void
  /** The bytes are written over when this has returned. */
  onBody: (bytes: Buffer, from: number, to: number) => void
  /** @param keep whether the connection may carry another request */
  onEnd: (keep: boolean) => void
}

/** What comes next. */
const nothing = 0
const head = 1
const body = 2
const bodyUntilClose = 3
const chunkSize = 4
const chunkExtension = 5
const chunkSizeEnd = 6
const chunk = 7
const chunkEnd = 8
const chunkEndLf = 9
const trailers = 10

const chunkSizeMaxDigits = 13
/** Nobody has defined one that says anything. */
const extensionMaxLength = 1024
const extensions = /^(?:;[\w!#$%&'*+.^`|~-]+(?:=(?:[\w!#$%&'*+.^`|~-]+|"[^"\\]*"))?)*$/

export class AnswerReader {
  /** How long the connection may be silent before it is used again, in milliseconds. */
  keepAliveMs = Infinity
  private readonly sink: AnswerSink
  private readonly head = new HeadReader()
  private next = nothing
  private toHead = false
  private keep = false
  /** Bytes of the body, or of the chunk, that are to come. */
  private left = 0
  private digits = 0
  private extension = ''

  constructor (sink: AnswerSink) {
    this.sink = sink
  }

  /** An answer is to come. @param method of its request */
  begin (method: string): void {
    this.toHead = method === 'HEAD'
    this.keep = true
    this.keepAliveMs = Infinity
    this.expectHead()
  }

  /** Passes over all that comes from now on. */
  stop (): void {
    this.next = nothing
  }

  /**
   * @param length how much of the buffer has come
   * @throws for what is no answer, with undici's errors; and whatever the sink throws
   */
  read (bytes: Buffer, length: number): void {
    let at = 0
    while (at < length && this.next !== nothing) {
      switch (this.next) {
        case head:
        case trailers: {
          const stop = this.head.read(bytes, at, length)
          if (stop === -1) return
          at = stop
          if (this.next === head) this.takeHead(at === length)
          else this.takeTrailers(at === length)
          break
        }
        case body:
        case chunk:
        case bodyUntilClose:
          at = this.takeBody(bytes, at, length)
          break
        default:
          this.takeFraming(bytes[at++] as number)
      }
    }
  }

  /** The server has ended the connection in order. @returns whether nothing is missing */
  end (): boolean {
    if (this.next !== bodyUntilClose) return false
    this.finish(false)
    return true
  }

  private expectHead (): void {
    this.next = head
    this.head.beginHead()
  }

  /** @param keep false where more than the answer has come, too */
  private finish (keep: boolean): void {
    this.next = nothing
    this.sink.onEnd(keep && this.keep)
  }

  private takeHead (isLast: boolean): void {
    const { head: { status, fields } } = this
    const { length, isInterim, keep, keepAliveMs } = framingOf(this.head, this.toHead)
    this.keep &&= keep
    this.keepAliveMs = keepAliveMs
    this.left = Math.max(0, length)
    this.digits = 0
    if (isInterim) this.expectHead()
    else this.next = length === chunked ? chunkSize : length === untilClose ? bodyUntilClose : body
    this.sink.onHead(status, fields)
    if (this.next === body && length === 0) this.finish(isLast)
  }

  /** They are as well-formed as a head, and frame nothing; what they say is for nobody here. */
  private takeTrailers (isLast: boolean): void {
    const { head: { fields } } = this
    for (let index = 0; index < fields.length; index += 2) {
      if (isFraming((fields[index] as string).toLowerCase())) throw malformed('its trailers')
    }
    this.finish(isLast && fields.length === 0)
  }

  private takeBody (bytes: Buffer, at: number, length: number): number {
    const to = this.next === bodyUntilClose ? length : Math.min(length, at + this.left)
    this.left -= to - at
    this.sink.onBody(bytes, at, to)
    if (this.left === 0 && this.next === body) this.finish(to === length)
    else if (this.left === 0 && this.next === chunk) this.next = chunkEnd
    return to
  }

  private takeFraming (byte: number): void {
    switch (this.next) {
      case chunkSize:
        this.takeSize(byte)
        break
      case chunkExtension:
        this.takeExtension(byte)
        break
      case chunkSizeEnd:
        this.demand(byte, lf, chunk)
        if (this.left > 0) break
        this.next = trailers
        this.head.beginTrailers()
        break
      case chunkEnd:
        this.demand(byte, cr, chunkEndLf)
        break
      case chunkEndLf:
        this.demand(byte, lf, chunkSize)
        this.digits = this.left = 0
    }
  }

  private demand (byte: number, wanted: number, next: number): void {
    if (byte !== wanted) throw malformed('the end of a line of chunks')
    this.next = next
  }

  private takeSize (byte: number): void {
    const digit = hexDigit(byte)
    if (digit !== -1 && this.digits++ < chunkSizeMaxDigits) this.left = this.left * 16 + digit
    else if (digit !== -1 || this.digits === 0) throw malformed('the size of a chunk')
    else if (byte === cr) this.next = chunkSizeEnd
    else if (byte === semicolon) {
      this.extension = ';'
      this.next = chunkExtension
    } else throw malformed('the size of a chunk')
  }

  private takeExtension (byte: number): void {
    if (byte === cr && extensions.test(this.extension)) this.next = chunkSizeEnd
    else if (isTextByte(byte) && this.extension.length < extensionMaxLength) this.extension += String.fromCharCode(byte)
    else throw malformed('the extension of a chunk')
  }
}

function hexDigit (byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const lower = byte | 0x20
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1
}
