/** A caller on a bare socket: it sends any bytes, as slowly or as brokenly as a test wants, and reads answers as they come. */
import { once } from 'node:events'
import { connect as connectSocket, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { readMessages, valueOf, valuesOf, type Message } from './wire.js'

export interface Answer {
  readonly status: number
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: Buffer
  /** The answer ended as its framing says; false: the connection broke within it. */
  readonly whole: boolean
  readonly chunked: boolean
  header: (name: string) => string | undefined
  all: (name: string) => string[]
  text: () => string
  json: () => Record<string, unknown>
}

export interface Connection {
  readonly socket: Socket
  write: (bytes: string | Buffer) => void
  /** The next final answer; rejects when the connection ends without a head. `head`: it answers a HEAD, so it has no body. */
  answer: (options?: { head?: boolean }) => Promise<Answer>
  /** The head of the next answer, as soon as it is there; its body goes on in `answer`. */
  head: () => Promise<Answer>
  /** Resolves when the connection is closed, however. */
  readonly closed: Promise<void>
  /** The status of the next 1xx answer. */
  interim: () => Promise<number>
  destroy: () => void
}

interface Teardown { teardown: (fn: () => unknown) => void }

/** Opens a connection; it ends with the test. @param tls whether over TLS, with whatever certificate */
export async function connect (t: Teardown, port: number, host: string = '127.0.0.1', tls: boolean = false): Promise<Connection> {
  const socket = tls ? connectTls({ port, host, rejectUnauthorized: false }) : connectSocket({ port, host, noDelay: true })
  socket.on('error', () => {}) // tests look at `closed` and at `whole`
  t.teardown(() => socket.destroy())
  await once(socket, tls ? 'secureConnect' : 'connect')
  return converse(socket)
}

function converse (socket: Socket): Connection {
  const done: Answer[] = []
  const heads: Answer[] = []
  const interim: number[] = []
  let wake = (): void => {}
  let changed = new Promise<void>(resolve => { wake = resolve })
  const tell = (): void => {
    wake()
    changed = new Promise<void>(resolve => { wake = resolve })
  }
  let open: Message | undefined
  let expectHead = false
  const reader = readMessages({
    untilClose: true,
    bodiless: start => expectHead || / (1\d\d|204|304)\b/.test(start),
    head: message => {
      const status = statusOf(message)
      if (status < 200) return
      open = message
      heads.push(toAnswer(message))
      tell()
    },
    data: tell,
    whole: message => {
      if (statusOf(message) < 200) interim.push(statusOf(message))
      else { open = undefined; done.push(toAnswer(message)) }
      tell()
    }
  })
  socket.on('data', bytes => reader.feed(bytes))
  const closed = new Promise<void>(resolve => socket.once('close', () => {
    reader.end()
    if (open !== undefined) done.push(toAnswer(open))
    resolve()
    tell()
  }))
  socket.once('end', () => { reader.end(); tell() })

  return {
    socket,
    closed,
    async interim () {
      await until(() => interim.length > 0)
      return interim.shift() as number
    },
    write: bytes => { socket.write(bytes, 'latin1') },
    destroy: () => { socket.destroy() },
    async head () {
      await until(() => heads.length > 0)
      return heads.shift() as Answer
    },
    async answer ({ head = false } = {}) {
      expectHead = head
      await until(() => done.length > 0)
      heads.length = 0
      return done.shift() as Answer
    }
  }

  async function until (arrived: () => boolean): Promise<void> {
    while (!arrived()) {
      if (socket.closed) throw new Error('the connection ended without an answer')
      await changed
    }
  }
}

function statusOf ({ start }: Message): number {
  return Number(start.split(' ')[1])
}

function toAnswer (message: Message): Answer {
  return {
    status: statusOf(message),
    headers: message.headers,
    get body () { return message.body },
    get whole () { return message.whole },
    chunked: message.chunked,
    header: name => valueOf(message, name),
    all: name => valuesOf(message, name),
    text: () => message.body.toString(),
    json: () => JSON.parse(message.body.toString()) as Record<string, unknown>
  }
}

/** The head of a request with a Host and whatever else is named, ready to be followed by a body. */
export function head (start: string, headers: ReadonlyArray<readonly [string, string]> | Readonly<Record<string, string>> = {}): string {
  const pairs = Array.isArray(headers) ? headers as ReadonlyArray<readonly [string, string]> : Object.entries(headers)
  const hosted = pairs.some(([name]) => name.toLowerCase() === 'host') ? pairs : [['Host', 'facade.test'], ...pairs]
  return `${start} HTTP/1.1\r\n${hosted.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}
