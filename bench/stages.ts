/** Attributes the samples of a V8 CPU profile to the stages of a request. */

/** As Chrome's DevTools protocol has it (Profiler.Profile). */
export interface Profile {
  readonly nodes: readonly ProfileNode[]
  /** The node that was running at each sample, and the microseconds since the one before. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

export interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string, readonly url: string }
  readonly children?: readonly number[]
}

export interface Share {
  readonly stage: string
  /** Of all samples that are not idle: 0 to 1. */
  readonly share: number
}

interface Rule {
  readonly stage: string
  readonly url?: RegExp
  readonly functions?: RegExp
}

const [client, log, response, others] = ['client to MLflow', 'log line', 'response head and socket write', 'other']

/** The first rule that fits a function names its stage. */
const rules: readonly Rule[] = [
  { stage: 'GC', functions: /^\(garbage collector\)$/ },
  { stage: 'epoll and native', functions: /^\(program\)$/ },
  { stage: client, url: /\/node_modules\/undici\/|\/dist\/mlflow\/|^node:internal\/deps\/undici|^wasm:/ },
  { stage: 'reply-from', url: /\/node_modules\/@fastify\/reply-from\/|\/dist\/proxy\/exchange\/reply-from\.js$/ },
  { stage: 'metrics', url: /\/node_modules\/(?:prom-client|tdigest|bintrees)\/|\/dist\/core\/telemetry\/(?:metrics|series)\.js$|\/dist\/observe\/request-metrics\.js$/ },
  { stage: log, url: /\/node_modules\/(?:pino|sonic-boom|@pinojs|safe-stable-stringify|quick-format-unescaped|thread-stream)[^/]*\/|\/dist\/core\/(?:telemetry\/(?:log|sink)|io)\.js$|\/dist\/observe\// },
  { stage: 'Fastify', url: /\/node_modules\/(?:fastify|find-my-way|avvio|fast-[^/]+|light-my-request|reusify|secure-json-parse|toad-cache|@fastify\/[^/]+)\// },
  { stage: 'guard and hash', url: /\/dist\/(?:auth|keys)\/|^node:internal\/crypto\/|\/node_modules\/lru-cache\// },
  { stage: 'matcher', url: /\/dist\/access\/|\/dist\/(?:http\/target|proxy\/classify)\.js$/ },
  { stage: 'headers', url: /\/dist\/proxy\/(?:headers\/|platform\.js$)|\/dist\/http\/(?:stripped|connection\/request-head|answer\/cors|session-cookie)\.js$/ },
  { stage: 'exchange', url: /\/dist\/proxy\/|\/dist\/http\/(?:transfer|answer\/early-response|answer\/send-error|own)\.js$/ },
  { stage: 'context', url: /\/dist\/http\/|\/dist\/legacy\/|\/dist\/app\.js$|^node:async_hooks$|^node:internal\/async_local_storage/ },
  { stage: response, url: /^node:_http_outgoing$/ },
  { stage: response, url: /^node:_http_server$/, functions: /^(?:writeHead|_storeHeader|_implicitHeader|statusMessage|resOnFinish|assignSocket|detachSocket|ServerResponse)/ },
  { stage: 'HTTP server and parser', url: /^node:_http_(?:server|common|incoming)$|^node:internal\/http$/ },
  { stage: others, url: /\/dist\/|\/node_modules\// }
]

/** What serves every stage, and counts for its caller: Node's streams, events and timers, and native functions, which have no file. */
const shared = /^$|^node:/

/** How Node writes to a socket; called by any other stage than those with a destination of their own, it is the response. */
const writing = { url: /^node:(?:net|internal\/stream_base_commons|internal\/streams\/writable)$/, functions: /^write(?:v|Buffer|(?:Latin1|Utf8|Ascii)String)$/ }
/** Where the call came from nothing that has a stage: the event loop itself and its ticks. */
const rootStage = 'ticks, timers and socket reads'
const ownWriters: ReadonlySet<string> = new Set([client, log, rootStage])

/** Shares of the stages, the largest first; they add up to 1. */
export function sharesOf ({ nodes, samples, timeDeltas }: Profile): readonly Share[] {
  const stages = stagesOf(nodes)
  const times = new Map<string, number>()
  let all = 0
  samples.forEach((id, at) => {
    const stage = stages.get(id)
    const time = Math.max(timeDeltas[at + 1] ?? 0, 0) // a sample stands for the time up to the next one
    if (stage === undefined) return
    times.set(stage, (times.get(stage) ?? 0) + time)
    all += time
  })
  return [...times].map(([stage, time]) => ({ stage, share: time / all })).sort((a, b) => b.share - a.share)
}

/** By the ids of nodes; what is idle, or no function at all, has none. */
function stagesOf (nodes: readonly ProfileNode[]): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const stages = new Map<number, string>()
  const children = new Set(nodes.flatMap(node => node.children ?? []))
  const open = nodes.filter(({ id }) => !children.has(id)).map(node => ({ node, caller: rootStage }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, caller } = next
    const stage = stageOf(node.callFrame, caller)
    if (stage !== undefined) stages.set(node.id, stage)
    for (const id of node.children ?? []) {
      const child = byId.get(id)
      if (child !== undefined) open.push({ node: child, caller: stage ?? caller })
    }
  }
  return stages
}

function stageOf ({ functionName, url }: ProfileNode['callFrame'], caller: string): string | undefined {
  if (functionName === '(idle)' || functionName === '(root)') return undefined
  const rule = rules.find(({ url: file, functions }) => (file?.test(url) ?? true) && (functions?.test(functionName) ?? true))
  if (rule !== undefined) return rule.stage
  const writes = url === '' ? writing.functions.test(functionName) : writing.url.test(url)
  if (writes && !ownWriters.has(caller)) return response
  return shared.test(url) ? caller : others
}
