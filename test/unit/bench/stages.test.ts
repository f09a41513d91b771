/** Samples of a CPU profile go to the stages of a request. */
import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { sharesOf, type Profile } from '../../../bench/stages.js'

const app = 'file:///app'

/** The stage of the last of these functions, each called by the one before. */
function stageOf (...calls: ReadonlyArray<readonly [functionName: string, url: string]>): string | undefined {
  const frames = [['(root)', ''] as const, ...calls]
  const childrenOf = (at: number): number[] => at + 1 < frames.length ? [at + 2] : []
  const nodes = frames.map(([functionName, url], at) => ({ id: at + 1, callFrame: { functionName, url }, children: childrenOf(at) }))
  return sharesOf({ nodes, samples: [frames.length, frames.length], timeDeltas: [0, 100] })[0]?.stage
}

const undici = ['resume', `${app}/node_modules/undici/lib/dispatcher/client-h1.js`] as const
const exchange = ['onData', `${app}/dist/proxy/exchange/exchange.js`] as const
const logLine = ['write', `${app}/dist/core/telemetry/sink.js`] as const
const server = ['parserOnIncoming', 'node:_http_server'] as const

t.test('a function counts for the stage of its file', async t => {
  t.equal(stageOf(undici), 'client to MLflow')
  t.equal(stageOf(['on_body', 'wasm://wasm/00034eea']), 'client to MLflow', 'the parser of undici')
  t.equal(stageOf(['read', `${app}/dist/mlflow/client/reader.js`]), 'client to MLflow', 'one of our own')
  t.equal(stageOf(exchange), 'exchange')
  t.equal(stageOf(['from', `${app}/node_modules/@fastify/reply-from/index.js`]), 'reply-from')
  t.equal(stageOf(['handler', `${app}/node_modules/fastify/lib/handleRequest.js`]), 'Fastify')
  t.equal(stageOf(['observe', `${app}/dist/core/telemetry/series.js`]), 'metrics')
  t.equal(stageOf(['textOf', `${app}/dist/observe/request-log.js`]), 'log line')
  t.equal(stageOf(['verify', `${app}/dist/keys/verdict-cache.js`]), 'guard and hash')
  t.equal(stageOf(['match', `${app}/dist/access/matcher.js`]), 'matcher')
  t.equal(stageOf(['outgoing', `${app}/dist/proxy/headers/request-headers.js`]), 'headers')
  t.equal(stageOf(['begin', `${app}/dist/http/context.js`]), 'context')
  t.equal(stageOf(server), 'HTTP server and parser')
  t.equal(stageOf(server, ['writeHead', 'node:_http_server']), 'response head and socket write')
  t.equal(stageOf(['(garbage collector)', '']), 'GC')
  t.equal(stageOf(['(program)', '']), 'epoll and native')
  t.equal(stageOf(['deep', `${app}/node_modules/unknown/index.js`]), 'other')
})

t.test('what serves all counts for who called it', async t => {
  t.equal(stageOf(undici, ['emit', 'node:events'], ['get', '']), 'client to MLflow')
  t.equal(stageOf(exchange, ['emit', 'node:events']), 'exchange')
  t.equal(stageOf(['processTicksAndRejections', 'node:internal/process/task_queues']), 'ticks, timers and socket reads')
})

t.test('a write to a socket is the response, but for those with a destination of their own', async t => {
  const write = [['_writeGeneric', 'node:net'], ['writeLatin1String', '']] as const
  t.equal(stageOf(exchange, ...write), 'response head and socket write')
  t.equal(stageOf(undici, ...write), 'client to MLflow')
  t.equal(stageOf(logLine, ['writeSync', 'node:fs'], ['writeBuffer', '']), 'log line')
})

t.test('files that have a stage of their own are where the rules look for them', async t => {
  const files = {
    'reply-from': ['proxy/exchange/reply-from'],
    metrics: ['core/telemetry/metrics', 'core/telemetry/series', 'observe/request-metrics'],
    'log line': ['core/telemetry/log', 'core/telemetry/sink', 'core/io', 'observe/request-log'],
    matcher: ['http/target', 'proxy/classify'],
    headers: [
      'proxy/headers/request-headers', 'proxy/headers/response-headers', 'proxy/platform', 'http/stripped',
      'http/connection/request-head', 'http/answer/cors', 'http/session-cookie'
    ],
    exchange: ['proxy/exchange/exchange', 'http/transfer', 'http/answer/early-response', 'http/answer/send-error', 'http/own']
  }
  for (const [stage, names] of Object.entries(files)) {
    for (const name of names) {
      t.ok(existsSync(`src/${name}.ts`), name)
      t.equal(stageOf(['run', `${app}/dist/${name}.js`]), stage, name)
    }
  }
})

t.test('what is idle counts for nothing', async t => {
  t.equal(stageOf(['(idle)', '']), undefined)
})

t.test('a recorded profile', async t => {
  const profile = JSON.parse(readFileSync('test/unit/bench/recorded.cpuprofile.json', 'utf8')) as Profile
  const shares = sharesOf(profile)
  t.same(shares.map(({ stage, share }) => [stage, Math.round(share * 1000)]), [
    ['client to MLflow', 302],
    ['response head and socket write', 267],
    ['ticks, timers and socket reads', 115],
    ['context', 50],
    ['HTTP server and parser', 49],
    ['epoll and native', 47],
    ['guard and hash', 47],
    ['log line', 45],
    ['reply-from', 27],
    ['headers', 26],
    ['exchange', 24]
  ])
  t.ok(Math.abs(shares.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9, 'the shares add up to all')
})
