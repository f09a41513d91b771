/** Reads the lines of a file from its end, in blocks: a file of any size takes a block of memory. */
import type { FileHandle } from 'node:fs/promises'

const blockBytes = 64 * 1024
/** No event is longer; what is, is something else. */
export const lineMaxBytes = 64 * 1024

const newline = 0x0a

/**
 * Visits the lines that end before a place, the last one first.
 * @param visit gets a line without its end, undefined for one that is too long, and where it begins; true ends it
 * @returns where the line begins at which it ended; 0: all were visited
 */
export async function readBackwards (
  handle: FileHandle,
  end: number,
  visit: (line: Buffer | undefined, at: number) => boolean
): Promise<number> {
  let carry: Buffer = Buffer.alloc(0)
  let isLong = false
  const isLast = (line: Buffer, at: number): boolean => {
    const found = isLong ? undefined : line
    isLong = false
    return (found === undefined || found.length > 0) && visit(found, at)
  }
  for (let position = end; position > 0;) {
    const from = Math.max(0, position - blockBytes)
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(position - from), 0, position - from, from)
    if (bytesRead < position - from) return 0 // it was cut meanwhile
    const text = Buffer.concat([buffer, carry])
    let lineEnd = text.length
    for (let before = text.lastIndexOf(newline); before !== -1; before = before === 0 ? -1 : text.lastIndexOf(newline, before - 1)) {
      if (isLast(text.subarray(before + 1, lineEnd), from + before + 1)) return from + before + 1
      lineEnd = before
    }
    carry = text.subarray(0, lineEnd)
    if (carry.length > lineMaxBytes) {
      isLong = true
      carry = Buffer.alloc(0)
    }
    position = from
  }
  isLast(carry, 0)
  return 0
}
