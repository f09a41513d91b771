/** A stand-in for MLflow on a bare socket: it looks like one to the recognition, records each forwarded request byte for byte, and then behaves as a test wants. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'
import { readMessages, valueOf, valuesOf, type Message } from './wire.js'

/** A forwarded request; probes of the facade's own are answered and not recorded. */
export interface Call {
  readonly method: string
  /** Path and query, raw. */
  readonly target: string
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly message: Message
  readonly socket: Socket
  header: (name: string) => string | undefined
  all: (name: string) => string[]
  /** The body, once it has arrived whole. */
  readonly whole: Promise<Buffer>
  /** Resolves when the connection has closed, with the time (performance.now). */
  readonly closed: Promise<number>
  /** Writes bytes, and says whether they still could be written. */
  write: (bytes: string | Buffer) => void
}

export type Behaviour = (call: Call) => unknown

export interface Stand {
  readonly url: URL
  readonly port: number
  readonly calls: Call[]
  readonly sockets: ReadonlySet<Socket>
  /** Paths of the probes that came. */
  readonly probes: string[]
  behave: (behaviour: Behaviour) => void
  /** What it answers to questions of the facade, by their targets, in place of what its shape says; nothing where undefined. */
  readonly replies: Map<string, string | undefined>
  /** Resolves with the n-th call (from 1), once its head has come. */
  call: (number: number) => Promise<Call>
  /** Ends it as a crash would: resets connections, frees the port. */
  stop: () => Promise<void>
  /** Comes back on the same port, perhaps as another version or layout. */
  start: (layout?: Partial<Shape>) => Promise<void>
}

/** What of an MLflow's layout the recognition can see. */
export interface Shape {
  readonly version: string
  readonly prefix: string
  readonly restUnderPrefix: boolean
  readonly healthAtRoot: boolean
  readonly streamsArtifacts: boolean
  readonly chunkedIsEmpty: boolean
  /** Undefined: it does not know of any. */
  readonly workspaces: boolean | undefined
  /** With what status it fails to say so, for the moment. */
  readonly infoFault?: number | undefined
  /** Keeps probes waiting until it no longer does. */
  readonly hangs: boolean
  /** What it answers to every probe instead. */
  readonly impostor?: string
}

/** MLflow 3.17.2 without a prefix, with workspaces, but reading chunked bodies, so that nothing is spooled. */
export const shapeA: Shape = { version: '3.17.2', prefix: '', restUnderPrefix: false, healthAtRoot: false, streamsArtifacts: true, chunkedIsEmpty: false, workspaces: true, hangs: false }
/** MLflow 3.9.0 with `--static-prefix /p`. */
export const shapeB: Shape = { ...shapeA, version: '3.9.0', prefix: '/p', streamsArtifacts: false, chunkedIsEmpty: true, workspaces: undefined }
/** MLflow 3.17.2 with `--static-prefix /p`. */
export const shapeC: Shape = { ...shapeA, prefix: '/p', restUnderPrefix: true, chunkedIsEmpty: true }

interface Teardown { teardown: (fn: () => unknown) => void }

/** Starts one on a free port of the loopback interface. */
export async function standIn (t: Teardown, behaviour: Behaviour = echo, shape: Shape = shapeA, tls?: TlsOptions): Promise<Stand> {
  const calls: Call[] = []
  const probes: string[] = []
  const replies = new Map<string, string | undefined>()
  const sockets = new Set<Socket>()
  let waiting: Array<() => void> = []
  const held: Array<() => void> = []
  let current = shape
  const accept = (socket: Socket): void => {
    sockets.add(socket)
    const closed = new Promise<number>(resolve => socket.once('close', () => {
      sockets.delete(socket)
      resolve(performance.now())
    }))
    socket.on('error', () => {})
    serve(socket, closed)
  }
  let server = tls === undefined ? createServer(accept) : createTlsServer(tls, accept)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  function serve (socket: Socket, closed: Promise<number>): void {
    let finish = (_body: Buffer): void => {}
    const reader = readMessages({
      head: message => {
        const [method = '', target = ''] = message.start.split(' ')
        const whole = new Promise<Buffer>(resolve => { finish = resolve })
        // The facade gives every forwarded request an id but those to the LLM gateway, and its own probes none.
        if (valueOf(message, 'x-request-id') === undefined && !/^(\/p)?\/gateway/.test(decodeURIComponent(target.split('?')[0] ?? ''))) {
          probes.push(target)
          whole.then(() => {
            const reply = (): void => {
              const text = replies.has(target) ? replies.get(target) : probeAnswer(current, method, target)
              if (socket.writable && text !== undefined) socket.write(text, 'latin1')
            }
            if (current.hangs) held.push(reply)
            else reply()
          })
          return
        }
        const call: Call = {
          method,
          target,
          headers: message.headers,
          message,
          socket,
          whole,
          closed,
          header: name => valueOf(message, name),
          all: name => valuesOf(message, name),
          write: bytes => { if (socket.writable) socket.write(bytes, 'latin1') }
        }
        calls.push(call)
        for (const wake of waiting.splice(0)) wake()
        behaviour(call)
      },
      whole: message => finish(message.body)
    })
    socket.on('data', bytes => reader.feed(bytes))
  }

  const stand: Stand = {
    url: new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}${shape.prefix}`),
    port,
    calls,
    sockets,
    probes,
    behave: next => { behaviour = next },
    replies,
    async call (number) {
      while (calls.length < number) await new Promise<void>(resolve => { waiting = [...waiting, resolve] })
      return calls[number - 1] as Call
    },
    async stop () {
      if (!server.listening) return
      server.close()
      for (const socket of sockets) socket.resetAndDestroy()
      await once(server, 'close')
    },
    async start (changes = {}) {
      current = { ...current, ...changes }
      if (!current.hangs) for (const reply of held.splice(0)) reply()
      if (server.listening) return
      server = createServer(accept)
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    }
  }
  t.teardown(async () => await stand.stop())
  return stand
}

/** What MLflow answers to the questions that tell its layouts apart. */
function probeAnswer (shape: Shape, method: string, target: string): string {
  if (shape.impostor !== undefined) return shape.impostor
  const { prefix } = shape
  const path = target.split('?')[0] ?? ''
  const below = (root: string, rest: string): boolean => path === root + rest
  if (below(shape.healthAtRoot ? '' : prefix, '/version')) return answer(200, shape.version, { 'content-type': 'text/plain' })
  if (below(shape.healthAtRoot ? '' : prefix, '/health')) return answer(200, 'OK', { 'content-type': 'text/html; charset=utf-8' })
  const rest = shape.restUnderPrefix ? prefix : ''
  if (below(rest, '/api/2.0/mlflow/experiments/get') || below(prefix, '/ajax-api/2.0/mlflow/experiments/get')) return answer(200, '{"experiment":{}}', { 'content-type': 'application/json' })
  if (shape.infoFault !== undefined && below(rest, '/api/3.0/mlflow/server-info')) return answer(shape.infoFault)
  if (shape.workspaces !== undefined && below(rest, '/api/3.0/mlflow/server-info')) return answer(200, `{"store_type": "SqlStore", "workspaces_enabled": ${shape.workspaces}}\n`, { 'content-type': 'application/json' })
  if (method === 'POST' && below(rest, '/api/2.0/mlflow/experiments/search')) return answer(shape.chunkedIsEmpty ? 400 : 200, '{}', { 'content-type': 'application/json' })
  if (path.startsWith('/api/2.0/mlflow-artifacts/')) return answer(404, shape.streamsArtifacts ? '{"error_code":"RESOURCE_DOES_NOT_EXIST"}' : '{"error_code": "NOT_FOUND"}', { 'content-type': 'application/json' })
  return answer(404, '<!doctype html>', { 'content-type': 'text/html' })
}

/** A whole answer with its length, as text. */
export function answer (status: number, body: string = '', headers: Readonly<Record<string, string>> = {}): string {
  const lines = Object.entries({ ...headers, 'content-length': String(Buffer.byteLength(body, 'latin1')) }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} Text\r\n${lines.join('')}\r\n${body}`
}

/** Waits for the whole body and sends it back. */
export const echo: Behaviour = call => {
  call.whole.then(body => {
    call.write(`HTTP/1.1 200 OK\r\ncontent-type: application/octet-stream\r\ncontent-length: ${body.length}\r\n\r\n`)
    if (call.method !== 'HEAD') call.write(body)
  })
}

/** Never answers. */
export const silent: Behaviour = () => {}

/** Waits for the whole body, then sends these bytes. */
export function says (bytes: string | Buffer): Behaviour {
  return call => { call.whole.then(() => call.write(bytes)) }
}

/** Sends these bytes when the head has come, whatever becomes of the body. */
export function saysEarly (bytes: string | Buffer): Behaviour {
  return call => call.write(bytes)
}

/** Waits for the whole body, sends these bytes and closes in order (FIN). */
export function saysAndCloses (bytes: string): Behaviour {
  return call => { call.whole.then(() => call.socket.end(bytes, 'latin1')) }
}

/** Waits for the whole body, sends these bytes and breaks the connection (RST). */
export function saysAndResets (bytes: string): Behaviour {
  return call => {
    call.whole.then(() => {
      if (bytes === '') call.socket.resetAndDestroy()
      else call.socket.write(bytes, 'latin1', () => setImmediate(setImmediate, () => call.socket.resetAndDestroy())) // a reset would overtake the bytes; the facade reads them in between
    })
  }
}
