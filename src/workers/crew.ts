/** The workers as processes: started, counted, replaced when they die, and ended. */
import cluster, { type Worker } from 'node:cluster'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import { UserError } from '../core/user-error.js'
import { healthyMs, nextDelay } from '../mlflow/managed/supervisor.js'
import { workerVariable, type Order, type Report } from './messages.js'

/** A worker cannot start: what it said of it. */
export class WorkerStartError extends UserError {
  override readonly exitCode: 1 | 2
  constructor (text: string, exitCode: 1 | 2) {
    super(text)
    this.exitCode = exitCode
  }
}

interface CrewOptions {
  readonly size: number
  readonly log: Logger
  /** What a worker is told first. */
  readonly begin: () => Order
  /** Takes what a worker reports beside its start. */
  readonly onReport: (from: Worker, report: Report) => void
  /** A worker that served has died. */
  readonly onDeath: (worker: Worker) => void
}

export interface Crew {
  /** Starts all. @returns where they listen. @throws WorkerStartError when one of them cannot; then none is left */
  readonly start: () => Promise<AddressInfo>
  /** Those that serve. */
  readonly serving: () => readonly Worker[]
  readonly tellAll: (order: Order) => void
  /** Has all finish what runs; resolves when all have gone. */
  readonly drain: (delayMs: number) => Promise<void>
}

/** How a worker went, for the log. */
interface Departure {
  readonly pid?: number | undefined
  readonly code?: number | null
  readonly signal?: string
  /** There was no process. */
  readonly error?: string | undefined
}

/** A place among the workers, which one after the other may take. */
interface Seat {
  readonly number: number
  worker: Worker | undefined
  serves: boolean
  startedAt: number
  /** Before the next start. */
  delayMs: number
  clock?: NodeJS.Timeout
  /** What the worker said of a start that cannot be. */
  problem?: { readonly text: string, readonly exitCode: 1 | 2 } | undefined
}

export function openCrew ({ size, log, begin, onReport, onDeath }: CrewOptions): Crew {
  const free = { worker: undefined, serves: false, startedAt: 0, delayMs: 0 }
  const seats = Array.from({ length: size }, (_, index): Seat => ({ number: index + 1, ...free }))
  let phase: 'starting' | 'running' | 'ending' = 'starting'
  let allServe = (_address: AddressInfo): void => {}
  let cannotStart = (_error: WorkerStartError): void => {}
  let allGone = (): void => {}

  // Structured clones: numbers such as NaN, and undefined, arrive as they are.
  cluster.setupPrimary({ serialization: 'advanced' })
  process.once('exit', kill) // whatever ends the primary

  function launch (seat: Seat): void {
    seat.startedAt = performance.now()
    seat.problem = undefined
    let worker: Worker
    try {
      worker = cluster.fork({ [workerVariable]: String(seat.number) })
    } catch (error) {
      gone(seat, { error: (error as NodeJS.ErrnoException).code })
      return
    }
    seat.worker = worker
    // Without a process there is no exit; of one that has gone, what was sent to it fails here.
    worker.on('error', (error: NodeJS.ErrnoException) => { if (worker.process.pid === undefined) gone(seat, { error: error.code }) })
    worker.on('message', (report: Report) => receive(seat, worker, report))
    const left = new Promise<void>(resolve => { worker.once('disconnect', resolve) }) // after its last report
    worker.once('exit', (code: number | null, signal: string | null) => {
      void left.then(() => gone(seat, { pid: worker.process.pid, ...signal === null ? { code } : { signal } }))
    })
  }

  function receive (seat: Seat, worker: Worker, report: Report): void {
    if (report.report === 'here') worker.send(phase === 'ending' ? { order: 'drain', delayMs: 0 } satisfies Order : begin())
    else if (report.report === 'failed') seat.problem = report
    else if (report.report !== 'listening') onReport(worker, report)
    else {
      seat.serves = true
      log.info({ worker: seat.number, pid: worker.process.pid }, 'a worker serves')
      if (phase === 'starting' && seats.every(({ serves }) => serves)) allServe(report.address)
    }
  }

  function gone (seat: Seat, how: Departure): void {
    const { worker, problem } = seat
    seat.worker = undefined
    seat.serves = false
    if (phase === 'ending') {
      if (how.code !== 0) log.error({ worker: seat.number, ...how }, 'a worker did not end as it should')
      if (seats.every(({ worker }) => worker === undefined)) allGone()
      return
    }
    if (worker !== undefined) onDeath(worker)
    if (phase === 'starting') {
      const manner = how.signal ?? how.error ?? `exit code ${how.code}`
      cannotStart(new WorkerStartError(problem?.text ?? `Worker ${seat.number} ended before it listened (${manner}).`, problem?.exitCode ?? 1))
      return
    }
    const ranMs = performance.now() - seat.startedAt
    seat.delayMs = ranMs >= healthyMs ? 0 : nextDelay(seat.delayMs, ranMs)
    log.error({ worker: seat.number, ...how, problem: problem?.text, next_start_ms: seat.delayMs }, 'a worker died: another one takes its place')
    seat.clock = setTimeout(launch, seat.delayMs, seat)
  }

  function kill (): void {
    for (const { worker } of seats) worker?.process.kill('SIGKILL')
  }

  async function end (how: () => void): Promise<void> {
    phase = 'ending'
    for (const { clock } of seats) clearTimeout(clock)
    if (seats.every(({ worker }) => worker === undefined)) return
    const ended = new Promise<void>(resolve => { allGone = resolve })
    how()
    await ended
  }

  const tellAll = (order: Order): void => {
    for (const { worker } of seats) if (worker?.isConnected() === true) worker.send(order)
  }

  return {
    async start () {
      const started = new Promise<AddressInfo>((resolve, reject) => {
        allServe = resolve
        cannotStart = reject
      })
      for (const seat of seats) launch(seat)
      try {
        const address = await started
        if (phase === 'starting') phase = 'running'
        return address
      } catch (error) {
        await end(kill)
        throw error
      }
    },
    serving: () => seats.flatMap(({ worker, serves }) => worker !== undefined && serves && worker.isConnected() ? [worker] : []),
    tellAll,
    drain: async delayMs => await end(() => tellAll({ order: 'drain', delayMs }))
  }
}
