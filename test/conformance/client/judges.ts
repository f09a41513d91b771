/** What becomes of an answer: by each client over a connection, and by the reader alone. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { errors } from 'undici'
import { loadConfig } from '../../../src/core/settings/config.js'
import type { AnswerReader, AnswerSink } from '../../../src/mlflow/client/reader.js'
import { openUpstream } from '../../../src/mlflow/pool.js'
import type { PooledRequest, RawHeaders } from '../../../src/mlflow/pooled.js'
import type { Case } from './corpus.js'

export interface Verdict {
  /** Of the final answer, 0: there was none. */
  status: number
  /** Name, value, name, value. */
  fields: readonly string[]
  body: string
  outcome: 'complete' | 'error' | undefined
  error: string
  /** The connection carries the next request, too; and that has its own answer. */
  reused: boolean
  next: 'its own' | 'error' | 'another'
}

const fresh = (): Verdict => ({ status: 0, fields: [], body: '', outcome: undefined, error: '', reused: false, next: 'error' })

/** What `Exchange` makes of statuses: the first are for this hop, others none that a caller can be given. */
const isInterim = (status: number): boolean => status >= 100 && status < 105
const isNone = (status: number): boolean => status < 200 || status > 599

/** A request whose handler writes down what it is told. */
export class Recorder implements PooledRequest {
  readonly verdict = fresh()
  readonly outgoing: { readonly method: string, readonly path: string }
  readonly body: PooledRequest['body'] = null
  readonly headers: string[]
  waitingSince = 0
  hasTurn = false
  endedAt = 0
  slot = -1
  readonly ended: Promise<void>
  /** More than one end, or something after it. */
  isBroken = false
  private readonly isSlow: boolean
  private abort: ((error?: Error) => void) | undefined
  private resume = (): void => {}
  private tell = (): void => {}

  constructor (method: string, path: string, isSlow: boolean, onEnd: (recorder: Recorder) => void) {
    this.outgoing = { method, path }
    this.headers = ['host', 'a', 'x-path', path]
    this.isSlow = isSlow
    this.ended = new Promise(resolve => {
      this.tell = () => {
        onEnd(this)
        resolve()
      }
    })
  }

  judgeSilence (): void {}

  onConnect (abort: (error?: Error) => void): void {
    this.abort = abort
  }

  onBodySent (): void {}

  onRequestSent (): void {}

  onHeaders (status: number, raw: RawHeaders, resume: () => void): boolean {
    this.isBroken ||= this.endedAt !== 0
    if (isInterim(status)) return true
    this.resume = resume
    if (isNone(status)) this.abort?.(new Error('a status that is not HTTP'))
    else Object.assign(this.verdict, { status, fields: raw.map(part => typeof part === 'string' ? part : part.toString('latin1')) })
    return true
  }

  onData (chunk: Buffer): boolean {
    this.isBroken ||= this.endedAt !== 0
    this.verdict.body += chunk.toString('latin1')
    if (!this.isSlow) return true
    setImmediate(() => this.resume())
    return false
  }

  onComplete (): void {
    this.end('complete', '')
  }

  onError (error: Error): void {
    if (this.verdict.status === 304 && error instanceof errors.ResponseContentLengthMismatchError) this.end('complete', '')
    else this.end('error', error.name)
  }

  cancel (error: Error): void {
    this.onError(error)
  }

  /** As the caller's leaving does. */
  giveUp (): void {
    this.abort?.()
  }

  private end (outcome: 'complete' | 'error', error: string): void {
    this.isBroken ||= this.endedAt !== 0
    this.endedAt = performance.now()
    Object.assign(this.verdict, { outcome, error })
    this.tell()
  }
}

export interface Lane {
  judge: (answer: Case) => Promise<Verdict>
  close: () => Promise<void>
}

/** One client before a server that says whatever it is told to. @throws Error for a handler that is called out of turn */
export async function openLane (client: 'undici' | 'own'): Promise<Lane> {
  let current: Case | undefined
  let judged: Recorder | undefined
  /** The connections of the answer and of the next request. */
  let used: { carried?: Socket, asked?: Socket } = {}
  let sent = Promise.resolve()
  let count = 0
  const server = createServer({ noDelay: true }, socket => {
    let request = ''
    socket.on('error', () => {}).on('data', bytes => {
      request += bytes.toString('latin1')
      if (!request.endsWith('\r\n\r\n')) return
      const isNext = /x-path: \/next/.test(request)
      request = ''
      if (isNext) {
        used.asked = socket
        const body = `next ${count}`
        socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
      } else {
        used.carried = socket
        sent = say(socket)
      }
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const config = loadConfig({ MLFLOW_UPSTREAM_URL: url.href, MLFLOW_UPSTREAM_CONNECTIONS: '1' }, () => '').upstream
  const upstream = openUpstream(config, url, { undiciAlone: client === 'undici' })
  const ask = (method: string, path: string, isSlow: boolean): Recorder => {
    const recorder = new Recorder(method, path, isSlow, upstream.ended)
    upstream.open.add(recorder)
    upstream.send(recorder)
    return recorder
  }

  /** Writes an answer part by part, each to be read before the next; an answer whose end does not come is ended. */
  async function say (socket: Socket): Promise<void> {
    for (const part of current?.parts ?? []) {
      socket.write(part)
      await turn()
    }
    const most = current?.isSlow === true ? 300 : 6 // undici rests after each chunk
    for (let turns = 0; turns < most && judged?.endedAt === 0; turns++) await turn()
    if (judged?.endedAt === 0) socket.end()
    for (let turns = 0; turns < 2; turns++) await turn() // what comes behind the answer has been read
  }

  return {
    async judge (answer) {
      current = answer
      count++
      used = {}
      judged = ask(answer.method, '/case', answer.isSlow)
      await judged.ended
      await sent
      const next = ask('GET', '/next', false)
      await next.ended
      const { verdict } = judged
      verdict.reused = used.carried !== undefined && used.carried === used.asked
      verdict.next = next.verdict.outcome === 'error' ? 'error' : next.verdict.body === `next ${count}` ? 'its own' : 'another'
      used.carried?.destroy()
      used.asked?.destroy()
      if (judged.isBroken || next.isBroken) throw new Error(`${client}: a handler was called after its end: ${JSON.stringify(Buffer.concat(answer.parts).toString('latin1'))}`)
      await turn()
      return verdict
    },
    async close () {
      await upstream.close()
      server.close()
    }
  }
}

/** The verdict of the reader alone, on parts that are as they are in the case, or single bytes. */
export function readAlone (Reader: typeof AnswerReader, { method, parts }: Case, bySingleBytes: boolean): Verdict {
  const verdict = fresh()
  const sink: AnswerSink = {
    onHead (status, fields) {
      if (isInterim(status)) return
      if (isNone(status)) throw new Error('a status that is not HTTP')
      Object.assign(verdict, { status, fields })
    },
    onBody (bytes, from, to) {
      verdict.body += bytes.toString('latin1', from, to)
    },
    onEnd (keep) {
      verdict.outcome = 'complete'
      verdict.reused = keep && reader.keepAliveMs > 0
    }
  }
  const reader = new Reader(sink)
  reader.begin(method)
  try {
    for (const part of parts) {
      if (verdict.outcome !== undefined) verdict.reused = false // bytes that nobody asked for
      else if (!bySingleBytes) reader.read(part, part.length)
      else for (const byte of part) verdict.outcome === undefined ? reader.read(Buffer.of(byte), 1) : verdict.reused = false
    }
    if (verdict.outcome === undefined && !reader.end()) verdict.outcome = 'error'
  } catch (error) {
    verdict.outcome = 'error'
    verdict.error = (error as Error).name
  }
  return verdict
}
