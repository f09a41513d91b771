/**
 * Lines on their way to a file, a pipe or a terminal that may be full or unread: gathered in blocks, kept up to a bound,
 * and beyond it dropped and counted. It neither blocks the process nor keeps it from ending.
 */
import { constants, fstatSync, openSync, write as writeFile, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

/** Characters after which a block is written, and how long a line waits for others at most. */
const blockLength = 16 * 1024
/** Linux takes a block of this size into a pipe whole or not at all (PIPE_BUF, pipe(7)), and into a local socket too. */
const atomicBytes = 4096
const waitMs = 100

/**
 * What may wait for a reader: some 20,000 requests; and for a disk that takes nothing. Above it lines are dropped until half
 * of it is through, so that a slow reader gets long runs of lines with few gaps.
 */
const heldMaxBytes = 8 * 1024 * 1024
const heldByFaultMaxBytes = 1024 * 1024

/** How soon is tried again: a pipe whose reader is busy, and a disk without room. */
const [readerMinMs, readerMaxMs, faultMs] = [2, 100, 1000]

/** What a process that ends does not wait for longer: asynchronously, and within its exit. */
const drainMs = 1000
const lastTries = 20
const lastTryMs = 5

export interface Sink {
  /** @returns whether there was room: without, the line is dropped */
  readonly write: (line: string) => boolean
  /**
   * Writes what waits, without leaving to others; gives up after a tenth of a second where nobody reads, and at once
   * where the disk is full.
   */
  readonly flush: () => void
  /** Ends when all is written, at once where it cannot be, and after a second where nobody reads. */
  readonly drain: () => Promise<void>
  /** Lines dropped so far. */
  readonly dropped: () => number
}

/**
 * @param fd where it goes
 * @param resumed told when lines pass again after some were dropped, with their number
 * @param isShared other processes write there too: blocks end with a line and are so small that none is torn by another's.
 * A line that is longer than that may be
 */
export function openSink (fd: number, resumed: (dropped: number) => void, isShared: boolean = false): Sink {
  const target = unblocked(fd)
  const queue: Buffer[] = []
  let waiting = ''
  let waitingBytes = 0
  let heldBytes = 0
  let underWay = false
  let retry: NodeJS.Timeout | undefined
  let retryMs = 0
  let dropped = 0
  let told = 0
  let dropping = false

  function write (line: string): boolean {
    if (dropping) {
      dropped++
      return false
    }
    if (isShared) {
      const bytes = Buffer.byteLength(line)
      if (waitingBytes + bytes > atomicBytes) hand()
      waitingBytes += bytes
    }
    waiting += line
    if (waiting.length >= blockLength) hand()
    return true
  }

  function gather (): void {
    if (waiting === '') return
    const block = Buffer.from(waiting)
    waiting = ''
    waitingBytes = 0
    queue.push(block)
    heldBytes += block.length
    dropping = heldBytes >= (retryMs === faultMs ? heldByFaultMaxBytes : heldMaxBytes)
  }

  function hand (): void {
    gather()
    if (!underWay && retry === undefined) next()
  }

  /** One write at a time: in order, and never more than one of the four threads that all work on files shares. */
  function next (): void {
    retry = undefined
    const [block] = queue
    if (block === undefined) return
    underWay = true
    writeFile(target, block, (error, bytes) => {
      underWay = false
      if (error === null) {
        retryMs = 0
        written(bytes)
        next()
        return
      }
      retryMs = error.code === 'EAGAIN' ? Math.min(Math.max(2 * retryMs, readerMinMs), readerMaxMs) : faultMs
      retry = setTimeout(next, retryMs).unref()
    })
  }

  /** A disk that fills takes a part of a block: the rest goes first when there is room, so that no line is torn. */
  function written (bytes: number): void {
    const [block] = queue
    if (block !== undefined && bytes < block.length) queue[0] = block.subarray(bytes)
    else queue.shift()
    heldBytes -= bytes
    if (!dropping || heldBytes > heldMaxBytes / 2) return
    dropping = false
    resumed(dropped - told)
    told = dropped
  }

  function flush (): void {
    for (let tries = 0; ;) {
      gather()
      const [block] = queue
      if (block === undefined || underWay) return
      try {
        written(writeSync(target, block))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || ++tries > lastTries) return
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, lastTryMs)
      }
    }
  }

  async function drain (): Promise<void> {
    hand()
    const end = performance.now() + drainMs
    const hopeful = (): boolean => queue.length > 0 && retryMs !== faultMs && performance.now() < end
    while (hopeful()) await delay(readerMinMs)
  }

  setInterval(hand, waitMs).unref()
  process.once('beforeExit', hand) // an asynchronous write keeps the process until it is done
  process.once('exit', () => {
    if (underWay) queue.shift() // its thread is waited for
    underWay = false
    flush()
  })
  return { write, flush, drain, dropped: () => dropped }
}

/**
 * A descriptor on which a write never waits for a reader: a thread that waits in the kernel keeps the process from ending
 * (Node joins its threads). Node itself makes pipes and sockets non-blocking when it opens its standard output; a terminal,
 * or a pipe that is not standard output, is opened a second time, so that nobody else's descriptor is changed.
 */
function unblocked (fd: number): number {
  if (fd === 1) void process.stdout
  if (fstatSync(fd).isFile()) return fd
  try {
    return openSync(`/proc/self/fd/${fd}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } catch {
    return fd // a socket, another user's pipe, or a system without /proc
  }
}
