/**
 * The pacing load generator, a process of its own: sends GETs at a fixed rate over kept connections (open loop) and answers its parent with
 * their latencies. It looks at the clock at each answer and each millisecond; how late it is itself is part of every latency, and told.
 */
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { AnswerReader } from './answer-reader.js'
import { Schedule, summarize, type Latencies } from './schedule.js'
import { percentile } from './statistics.js'

/** What the parent asks for. */
export interface Pace {
  readonly url: string
  readonly key: string
  readonly connections: number
  readonly requestsPerSecond: number
  /** Paced in the same way before, so that both sides are warm, and not counted. */
  readonly warmUpSeconds: number
  readonly seconds: number
}

export interface Paced extends Latencies {
  /** While it lasted. */
  readonly answeredPerSecond: number
  /** How late after its intended time a request left, where a connection was free: this program's own share. */
  readonly lateP99Ms: number
}

/** What is under way at the end may still come. */
const graceMs = 1000

process.once('message', (pace: Pace) => {
  void run(pace).then(paced => process.send?.(paced), fail)
})

function fail (error: Error): never {
  process.stderr.write(`${String(error)}\n`)
  process.exit(1)
}

interface Line {
  readonly socket: Socket
  /** Of the request under way. */
  intendedMs: number
}

async function run ({ url, key, connections, requestsPerSecond, warmUpSeconds, seconds }: Pace): Promise<Paced> {
  const { hostname, port, host, pathname, search } = new URL(url)
  const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n\r\n`
  const lines: Line[] = []
  let phase: Phase | undefined
  while (lines.length < connections) lines.push(await open(hostname, Number(port), line => phase?.done(line)))
  phase = new Phase(request, lines, requestsPerSecond, warmUpSeconds)
  await phase.over()
  phase = new Phase(request, phase.free, requestsPerSecond, seconds)
  const paced = await phase.over()
  for (const { socket } of lines) socket.destroy()
  return paced
}

/** So many seconds at one rate. */
class Phase {
  /** Lines without a request under way. */
  readonly free: Line[]
  readonly #request: string
  readonly #seconds: number
  readonly #schedule: Schedule
  readonly #busy = new Set<Line>()
  readonly #answeredMs: number[] = []
  readonly #lateMs: number[] = []

  constructor (request: string, lines: readonly Line[], requestsPerSecond: number, seconds: number) {
    this.#request = request
    this.#seconds = seconds
    this.free = [...lines]
    this.#schedule = new Schedule(performance.now(), requestsPerSecond, seconds)
  }

  async over (): Promise<Paced> {
    for (; performance.now() < this.#schedule.endMs; await delay(1)) this.#send(false)
    this.#send(false)
    const answered = this.#answeredMs.length
    const unsent = this.#schedule.abandon()
    for (const end = performance.now() + graceMs; this.#busy.size > 0 && performance.now() < end;) await delay(1)
    const waiting = [...[...this.#busy].map(line => line.intendedMs), ...unsent]
    const latencies = summarize(this.#answeredMs, waiting, performance.now())
    return { ...latencies, answeredPerSecond: answered / this.#seconds, lateP99Ms: percentile(this.#lateMs.sort((a, b) => a - b), 99) }
  }

  done (line: Line): void {
    // Else it is the answer to a request of the phase before.
    if (this.#busy.delete(line)) this.#answeredMs.push(performance.now() - line.intendedMs)
    const wasFull = this.free.length === 0
    this.free.push(line)
    this.#send(wasFull)
  }

  /** @param wasFull a request that is late now has waited for a connection, not for this program */
  #send (wasFull: boolean): void {
    for (let nowMs = performance.now(); this.free.length > 0 && this.#schedule.isDue(nowMs); nowMs = performance.now()) {
      const line = this.free.shift() as Line
      line.intendedMs = this.#schedule.take()
      if (!wasFull) this.#lateMs.push(nowMs - line.intendedMs)
      this.#busy.add(line)
      line.socket.write(this.#request, 'latin1')
    }
  }
}

async function open (host: string, port: number, done: (line: Line) => void): Promise<Line> {
  const reader = new AnswerReader()
  const onread = {
    buffer: Buffer.allocUnsafe(16_384),
    callback (length: number, bytes: Uint8Array): boolean {
      try {
        if (reader.push((bytes as Buffer).subarray(0, length))) done(line)
      } catch (error) {
        fail(error as Error)
      }
      return true
    }
  }
  const socket = connect({ host, port, noDelay: true, onread })
  const line: Line = { socket, intendedMs: 0 }
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket.on('error', fail).once('end', () => fail(new Error('A connection was closed.')))
  return line
}
