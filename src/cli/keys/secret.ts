/** A key as a command reads it: from standard input, or from a terminal that does not show it; never from arguments, which others see. */
import { isPlausible } from '../../keys/key.js'
import type { Input, Io } from '../../core/io.js'
import { UsageError } from '../command.js'

/** A key has 512 characters at most; more is something else. */
const inputMax = 4096

/** @throws UsageError where what was given cannot be a key */
export async function readKey (io: Io): Promise<string> {
  const input = io.stdin?.()
  if (input === undefined) throw new UsageError('There is no standard input to read the key from.')
  const key = (input.isTTY === true ? await ask(input, io) : await readAll(input)).trim()
  if (!isPlausible(key)) throw new UsageError('What was given is not 1 to 512 visible ASCII characters, so it cannot be a key.')
  return key
}

async function readAll (input: Input): Promise<string> {
  let text = ''
  for await (const part of input) {
    text += String(part)
    if (text.length > inputMax) throw new UsageError('Standard input holds more than one key.')
  }
  return text
}

/** Reads a line that the terminal does not show. @throws UsageError where it is given up by Ctrl-C or Ctrl-D */
async function ask (input: Input, io: Io): Promise<string> {
  io.stderr.write('Key (not shown): ')
  input.setRawMode?.(true)
  const parts = input[Symbol.asyncIterator]()
  try {
    let line = ''
    for (let next = await parts.next(); next.done !== true; next = await parts.next()) {
      for (const character of String(next.value)) {
        if (character === '\r' || character === '\n') return line
        if (character === '\u0003' || character === '\u0004') throw new UsageError('No key was given.')
        line = character === '\u007f' || character === '\b' ? line.slice(0, -1) : (line + character).slice(0, inputMax)
      }
    }
    return line
  } finally {
    // Before the terminal is let go of, as a loop over it does by itself: afterwards it would stay so, and Ctrl-C do nothing
    input.setRawMode?.(false)
    await parts.return?.()
    io.stderr.write('\n')
  }
}
