/** The port of the metrics, where no key is asked: whoever reaches it can have little of the process. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { Registry } from 'prom-client'
import { createConnections, stallMs } from '../http/connection/connections.js'
import { acceptsOpenMetrics, openMetricsType } from './openmetrics.js'

/** Prometheus keeps one open, perhaps a few of it; what is beyond is closed at once. */
const connectionsMax = 128
/** A scrape is a head of some hundred bytes, and nothing else. */
const requestMaxMs = 10_000
const headMaxBytes = 8 * 1024
/** For so long a text is good for all who ask: making one takes milliseconds of the only thread. */
const sharedMs = 1000

/** What is served: a registry, or the sum of several. */
export interface MetricsSource extends Pick<Registry, 'contentType' | 'metrics'> {
  /** The same in the OpenMetrics format, for who asks for it. */
  readonly openMetrics?: () => Promise<string>
}

/**
 * Serves metrics at `/metrics`, at most a second old.
 * @throws the error of a port that cannot be had
 */
export async function serveMetrics (source: MetricsSource, host: string, port: number): Promise<Server> {
  const plain = { text: sharedText(async () => await source.metrics()), type: source.contentType }
  const open = source.openMetrics === undefined ? plain : { text: sharedText(source.openMetrics), type: openMetricsType }
  const connections = createConnections<IncomingMessage>({ stallMs, onClose: () => {} })
  const bounds = { headersTimeout: requestMaxMs, requestTimeout: requestMaxMs, connectionsCheckingInterval: requestMaxMs / 2 }
  const server = createServer({ maxHeaderSize: headMaxBytes, ...bounds }, (request, response) => {
    const { socket } = request
    connections.began(socket, request)
    response.once('close', () => connections.ended(socket, request))
    if (request.url !== '/metrics') {
      response.writeHead(404).end()
      return
    }
    const { text, type } = acceptsOpenMetrics(request.headers.accept) ? open : plain
    text().then(
      bytes => response.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes),
      () => response.writeHead(500).end()
    )
  })
  server.maxConnections = connectionsMax
  connections.watch(server)
  server.once('close', connections.stop)
  try {
    await once(server.listen(port, host), 'listening')
  } catch (error) {
    connections.stop()
    throw error
  }
  return server
}

/** One text at a time, as bytes: all answers that wait to be taken hold the same ones. */
function sharedText (make: () => Promise<string>): () => Promise<Buffer> {
  let text: Promise<Buffer> | undefined
  let madeAt = Infinity
  const done = (): void => { madeAt = performance.now() }
  return () => {
    if (text === undefined || performance.now() - madeAt > sharedMs) {
      madeAt = Infinity
      text = make().then(made => Buffer.from(made))
      text.then(done, done)
    }
    return text
  }
}
