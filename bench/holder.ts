/**
 * Holds idle connections open, a process of its own: each has had one answer and keeps alive. Answers its parent with how many
 * are open.
 */
import { connect, type Socket } from 'node:net'
import { AnswerReader } from './answer-reader.js'

/** What the parent asks for: so many connections in all. */
export interface Hold {
  readonly url: string
  readonly key: string
  readonly connections: number
}

const open = new Set<Socket>()
/** Opened at the same time; more overflow the queue of a server that accepts. */
const together = 64

process.on('message', (hold: Hold) => {
  void holdUp(hold).then(() => process.send?.(open.size), fail)
})

function fail (error: Error): never {
  process.stderr.write(`${String(error)}\n`)
  process.exit(1)
}

async function holdUp ({ url, key, connections }: Hold): Promise<void> {
  const { hostname, port, host, pathname, search } = new URL(url)
  const request = `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${key}\r\n\r\n`
  for (let missing = connections - open.size; missing > 0; missing -= together) {
    await Promise.all(Array.from({ length: Math.min(missing, together) }, async () => await openOne(hostname, Number(port), request)))
  }
}

async function openOne (host: string, port: number, request: string): Promise<void> {
  await new Promise<void>(resolve => {
    const reader = new AnswerReader()
    const socket = connect({ host, port }, () => { socket.write(request, 'latin1') })
    open.add(socket)
    socket.once('close', () => open.delete(socket)).on('error', fail).on('data', bytes => {
      try {
        if (reader.push(bytes)) resolve()
      } catch (error) {
        fail(error as Error)
      }
    })
  })
}
