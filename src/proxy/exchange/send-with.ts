/** Starts an exchange when its body is there: at once, or when it was gathered, judged or spooled. */
import { Readable } from 'node:stream'
import type { Exchange } from './exchange.js'
import type { OutgoingBody } from '../request-body.js'

/** @param send makes the headers and sends. Whatever fails ends the exchange */
export function sendWith (
  exchange: Exchange,
  outgoing: OutgoingBody | Promise<OutgoingBody>,
  send: (length: string | undefined) => void
): void {
  const start = ({ body, length }: OutgoingBody): void => {
    if (exchange.endedAt !== 0) {
      // it was given up while its body was read
      if (body instanceof Readable) body.destroy()
      return
    }
    exchange.body = body // first: whatever fails then ends it, too
    try {
      send(length)
    } catch (error) {
      exchange.fail(error)
    }
  }
  if (outgoing instanceof Promise) outgoing.then(start).catch(error => exchange.fail(error))
  else start(outgoing)
}
