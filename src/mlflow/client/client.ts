/** Our own client to MLflow: its connections, and who is next on them. */
import { errors } from 'undici'
import type { PooledRequest } from '../pooled.js'
import { Connection, type Holder, type Target } from './connection.js'

export interface PlainClient {
  /** @param head from `plainHead`. The answer and every fault reach the request itself */
  send: (request: PooledRequest, head: string) => void
  /** Connections that are open or about to be, and those of them that are left for further requests. */
  readonly size: number
  readonly free: number
  /** Closes one that is free. */
  giveUpOne: () => void
  close: () => void
}

/**
 * @param most so many connections at once
 * @param onBroken is told when the server ends or breaks one
 */
export function createPlainClient (target: Target, most: number, onBroken: () => void): PlainClient {
  const connections = new Set<Connection>()
  const free: Connection[] = []
  let waiting: Array<{ readonly request: PooledRequest, readonly head: string }> = []
  let planned = false
  let closed = false
  let clock: NodeJS.Timeout | undefined
  const holder: Holder = {
    onFree (connection) {
      free.push(connection)
      clock ??= setTimeout(closeOld, 1000).unref()
      if (waiting.length > 0) plan()
    },
    onGone (connection, isTheirs) {
      connections.delete(connection)
      const index = free.lastIndexOf(connection)
      if (index !== -1) free.splice(index, 1)
      if (waiting.length > 0) plan()
      if (isTheirs) onBroken()
    }
  }
  return {
    send (request, head) {
      if (closed) request.onError(new errors.ClientDestroyedError())
      else if (waiting.push({ request, head }) === 1) plan()
    },
    get size () {
      return connections.size + Math.max(0, waiting.length - free.length)
    },
    get free () {
      return free.length - waiting.length
    },
    giveUpOne () {
      free.shift()?.fail(new errors.InformationalError('given up'))
    },
    close () {
      closed = true
      clearTimeout(clock)
      const error = new errors.ClientDestroyedError()
      const never = waiting
      waiting = []
      for (const connection of [...connections]) connection.fail(error)
      for (const { request } of never) request.onError(error)
    }
  }

  /**
   * Not at once: what the event loop has yet to read of a free connection (its end, or bytes that nobody asked for, which
   * would be taken for the answer) is read first (GHSA-35p6-xmwp-9g52 of undici). One look serves all that were sent in
   * this turn.
   */
  function plan (): void {
    if (planned) return
    planned = true
    setImmediate(start)
  }

  function start (): void {
    planned = false
    const due = waiting
    waiting = []
    const now = performance.now()
    for (const { request, head } of due) {
      if (request.endedAt !== 0) continue
      const connection = youngest(now)
      if (connection !== undefined) connection.send(request, head)
      else if (connections.size < most && !closed) open(request, head)
      else waiting.push({ request, head })
    }
  }

  function open (request: PooledRequest, head: string): void {
    try {
      connections.add(new Connection(target, holder, request, head))
    } catch (error) { // the path of a socket may be too long for the system
      request.onError(error as Error)
    }
  }

  function youngest (now: number): Connection | undefined {
    for (;;) {
      const connection = free.pop()
      if (connection === undefined || connection.expiresAt > now) return connection
      connection.fail(new errors.InformationalError('too old'))
    }
  }

  function closeOld (): void {
    const now = performance.now()
    const old = free.filter(({ expiresAt }) => expiresAt <= now + 1000)
    clock = free.length > old.length ? setTimeout(closeOld, 1000).unref() : undefined
    for (const connection of old) connection.fail(new errors.InformationalError('idle'))
  }
}
