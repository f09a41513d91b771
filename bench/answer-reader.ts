/** Finds the end of each answer on a connection: of those that the peers give here, with a length and one at a time. */

const headEnd = '\r\n\r\n'
const headMaxBytes = 16_384

export class AnswerReader {
  #head = ''
  /** Of the body under way; undefined: the head is not whole. */
  #bytesLeft: number | undefined

  /**
   * @returns whether the answer is whole with these bytes
   * @throws Error when it is not 200, has no length, or more follows it
   */
  push (bytes: Buffer): boolean {
    if (this.#bytesLeft === undefined) this.#bytesLeft = this.#readHead(bytes)
    else this.#bytesLeft -= bytes.length
    if (this.#bytesLeft === undefined || this.#bytesLeft > 0) return false
    if (this.#bytesLeft < 0) throw new Error('More than the answer came.')
    this.#bytesLeft = undefined
    return true
  }

  /** @returns the length of the body that is still to come; undefined while the head is not whole */
  #readHead (bytes: Buffer): number | undefined {
    const text = this.#head + bytes.toString('latin1')
    const end = text.indexOf(headEnd)
    if (end === -1) {
      if (text.length > headMaxBytes) throw new Error('The head of an answer is too long.')
      this.#head = text
      return undefined
    }
    this.#head = ''
    const head = text.slice(0, end)
    if (!head.startsWith('HTTP/1.1 200')) throw new Error(`An answer was not 200: ${head.split('\r\n')[0]}`)
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length === undefined) throw new Error('An answer has no length.')
    return Number(length) - (text.length - end - headEnd.length)
  }
}
