/** HTTP/1.1 messages as bytes: a reader of its own, so that tests see what a library would tidy up. */

export interface Message {
  /** Request or status line. */
  readonly start: string
  /** As they came: order, case and repeats. */
  readonly headers: ReadonlyArray<readonly [string, string]>
  /** What has arrived of the body, without its chunk framing. */
  readonly body: Buffer
  readonly chunked: boolean
  /** The body has ended as its framing says. */
  readonly whole: boolean
}

/** The values of one header of a message, without case. */
export function valuesOf (message: Pick<Message, 'headers'>, name: string): string[] {
  return message.headers.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
}

/** The value of a header, all of them joined, or undefined. */
export function valueOf (message: Pick<Message, 'headers'>, name: string): string | undefined {
  const values = valuesOf(message, name)
  return values.length === 0 ? undefined : values.join(', ')
}

/** Reads one message after the other from the bytes of a connection. */
export interface Reader {
  /** Takes bytes; calls back when a head is there and again whenever its body grew or ended. */
  feed: (bytes: Buffer) => void
  /** The peer has closed: a body without framing ends here. */
  end: () => void
  /** The message under way or read last. */
  message: Open | undefined
}

/** A message that still grows. */
interface Open extends Message {
  readonly chunks: Buffer[]
  whole: boolean
}

export interface ReaderEvents {
  readonly head?: (message: Message) => void
  readonly data?: (chunk: Buffer) => void
  readonly whole?: (message: Message) => void
  /** Whether an answer with this start line has no body in spite of its headers. */
  readonly bodiless?: (start: string) => boolean
  /** Requests without framing have no body; answers without it last until the connection closes. */
  readonly untilClose?: boolean
}

export function readMessages (events: ReaderEvents): Reader {
  let buffer: Buffer = Buffer.alloc(0)
  let left = 0
  let state: 'head' | 'length' | 'close' | 'size' | 'chunk' | 'trailer' = 'head'
  const reader: Reader = {
    message: undefined,
    feed (bytes) {
      buffer = buffer.length === 0 ? bytes : Buffer.concat([buffer, bytes])
      while (step());
    },
    end () { if (state === 'close') done() }
  }
  return reader

  function step (): boolean {
    switch (state) {
      case 'head': return readHead()
      case 'close': return take(buffer.length)
      case 'length': return take(left) && (left > 0 || done())
      case 'chunk': return left > 0 ? take(left) : readLine() !== undefined && to('size')
      case 'size': {
        const line = readLine()
        if (line === undefined) return false
        left = parseInt(line, 16)
        return to(left === 0 ? 'trailer' : 'chunk')
      }
      case 'trailer': {
        const line = readLine()
        return line !== undefined && (line !== '' || done())
      }
    }
  }

  function readHead (): boolean {
    const end = buffer.indexOf('\r\n\r\n')
    if (end === -1) return false
    const [start = '', ...lines] = buffer.subarray(0, end).toString('latin1').split('\r\n')
    buffer = buffer.subarray(end + 4)
    const headers = lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const)
    const chunked = /chunked/i.test(valueOf({ headers }, 'transfer-encoding') ?? '')
    const length = valueOf({ headers }, 'content-length')
    const chunks: Buffer[] = []
    reader.message = { start, headers, chunks, chunked, whole: false, get body () { return Buffer.concat(chunks) } }
    const bodiless = events.bodiless?.(start) === true
    left = Number(length ?? 0)
    state = bodiless ? 'length' : chunked ? 'size' : length !== undefined || events.untilClose !== true ? 'length' : 'close'
    if (bodiless) left = 0
    events.head?.(reader.message)
    return state === 'length' && left === 0 ? done() : true
  }

  function take (most: number): boolean {
    const chunk = buffer.subarray(0, most)
    if (chunk.length === 0) return false
    buffer = buffer.subarray(chunk.length)
    left -= chunk.length
    reader.message?.chunks.push(chunk)
    events.data?.(chunk)
    return true
  }

  function readLine (): string | undefined {
    const end = buffer.indexOf('\r\n')
    if (end === -1) return undefined
    const line = buffer.subarray(0, end).toString('latin1')
    buffer = buffer.subarray(end + 2)
    return line
  }

  function to (next: typeof state): boolean {
    state = next
    return true
  }

  function done (): boolean {
    state = 'head'
    if (reader.message !== undefined) {
      reader.message.whole = true
      events.whole?.(reader.message)
    }
    return true
  }
}
