/** The link over which PostgreSQL tells of changes (LISTEN): a connection of its own, looked after, and made again when it is lost. */
import type pg from 'pg'
import type { StoreUnavailableError } from '../../contract.js'
import { toUnavailable } from './failures.js'
import { channel } from './migrate.js'

export interface Link {
  /** Whether a change would have been told of by now. While it would not, what was known before may be wrong. */
  readonly isCertain: () => boolean
  readonly close: () => void
}

export interface LinkOptions {
  /** A client that has not connected. */
  readonly makeClient: () => pg.Client
  /** What has to be read anew before the link counts, on its own connection, which listens by then. */
  readonly resume: (client: pg.Client) => Promise<void>
  /** The server tells of a change, by the backend of this number. */
  readonly onChange: (payload: string, processId: number) => void
  /** It is lost, with why, or back (undefined): told once each time. */
  readonly onState: (lost: StoreUnavailableError | undefined) => void
}

/** The server is asked so often whether it is there, and has so long for an answer before what it may have told of counts as unknown. */
const beatMs = 500
const doubtMs = 400
/** Until it is tried again: longer each time, and not for all replicas at the same moment. */
const retryMs = { least: 100, most: 2000 } as const

/** Makes it, or begins to try again and again. @returns when the first try is over */
export async function openLink ({ makeClient, resume, onChange, onState }: LinkOptions): Promise<Link> {
  let current: pg.Client | undefined
  let askedAt: number | undefined
  let isLost: boolean | undefined
  let isClosed = false
  let delayMs: number = retryMs.least
  let timer: NodeJS.Timeout | undefined

  function tell (lost: StoreUnavailableError | undefined): void {
    if (isClosed || isLost === (lost !== undefined)) return
    const isFirst = isLost === undefined
    isLost = lost !== undefined
    if (isLost || !isFirst) onState(lost)
  }

  /** Of one client, once, whichever way it is noticed. */
  function lose (client: pg.Client, error: unknown): void {
    if (client !== current) return
    current = undefined
    client.connection.stream.destroy()
    tell(toUnavailable(error))
    clearTimeout(timer)
    timer = setTimeout(connect, delayMs * (0.5 + Math.random() / 2)).unref()
    delayMs = Math.min(retryMs.most, delayMs * 2)
  }

  async function connect (): Promise<void> {
    if (isClosed) return
    const client = makeClient()
    current = client
    askedAt = -Infinity // uncertain until it has been made
    client.on('error', error => lose(client, error))
    client.on('end', () => lose(client, new Error('The connection has ended')))
    client.on('notification', ({ payload = '', processId }) => onChange(payload, processId))
    try {
      await client.connect()
      await client.query(`LISTEN ${channel}`)
      await resume(client)
    } catch (error) {
      lose(client, error)
      return
    }
    if (client !== current) return
    askedAt = undefined
    delayMs = retryMs.least
    tell(undefined)
    timer = setTimeout(() => { void beat(client) }, beatMs).unref()
  }

  /** A server tells a listener of what has been committed before it answers it. */
  async function beat (client: pg.Client): Promise<void> {
    askedAt = performance.now()
    try {
      await client.query('SELECT 1')
    } catch (error) {
      lose(client, error)
    }
    if (client !== current || isClosed) return
    askedAt = undefined
    timer = setTimeout(() => { void beat(client) }, beatMs).unref()
  }

  await connect()
  return {
    isCertain: () => current !== undefined && (askedAt === undefined || performance.now() - askedAt < doubtMs),
    close: () => {
      isClosed = true
      clearTimeout(timer)
      current?.connection.stream.destroy()
      current = undefined
    }
  }
}
