/** Mixed traffic that remembers what was acknowledged, and reads it back at the end. */
import { createHash, randomBytes, randomInt } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent } from 'undici'
import { endpointName, eventCount } from './gateway.js'

export interface Traffic {
  /** Ends the workers after the call each is in. */
  stop: () => Promise<void>
  /** Calls by what they did and how they were answered, such as `upload 200`. */
  readonly answers: ReadonlyMap<string, number>
  /** What neither the contract nor a dead MLflow explains. */
  readonly surprises: readonly string[]
  /** Writes that were acknowledged. */
  acknowledged: () => number
  /** Reads all of them back. @returns those that are not there */
  missing: () => Promise<string[]>
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly body?: string | Buffer | Readable
  readonly key?: string
  /** What may come besides the answers of an outage. */
  readonly expect: readonly number[]
  /** A caller whose upload is answered early may find its connection closed. */
  readonly mayBreak?: boolean
}

/** Answers that say "try again": they acknowledge nothing. */
const outage = [502, 503]

/** @param uri of MLflow behind the facade; `experiment` holds the artifacts and the run */
export async function startTraffic (uri: string, key: string): Promise<Traffic> {
  const agent = new Agent({ pipelining: 1 })
  const { origin, pathname } = new URL(uri)
  const mark = randomBytes(4).toString('hex')
  const answers = new Map<string, number>()
  const surprises: string[] = []
  const models: string[] = []
  const batches: number[] = []
  const files = new Map<string, string>()
  const ending = new AbortController()
  const run = await created()
  const workers = [repeat(register), repeat(logBatch), repeat(logBatch), repeat(upload), repeat(upload), repeat(download), repeat(stream), repeat(stream), repeat(beRefused)]

  return {
    answers,
    surprises,
    acknowledged: () => models.length + batches.length + files.size,
    async stop () {
      ending.abort()
      await Promise.all(workers)
      await agent.close()
    },
    missing: async () => await readBack({ uri, key, run, models, batches, files })
  }

  async function created (): Promise<string> {
    const answer = await ask('run', { method: 'POST', path: '/api/2.0/mlflow/runs/create', body: JSON.stringify({ experiment_id: '0', run_name: mark }), expect: [200] })
    return (JSON.parse(String(answer?.body)) as { run: { info: { run_id: string } } }).run.info.run_id
  }

  async function repeat (work: (turn: number) => Promise<boolean>): Promise<void> {
    for (let turn = 0; !ending.signal.aborted; turn++) await delay(await work(turn) ? 10 : randomInt(100, 600))
  }

  async function register (turn: number): Promise<boolean> {
    const name = `soak-${mark}-${turn}`
    const answer = await ask('register', { method: 'POST', path: '/api/2.0/mlflow/registered-models/create', body: JSON.stringify({ name }), expect: [200] })
    if (answer?.status === 200) models.push(name)
    return answer?.status === 200
  }

  async function logBatch (): Promise<boolean> {
    const first = randomInt(2 ** 40) * 10
    const metrics = Array.from({ length: 10 }, (_, index) => ({ key: 'm', value: index, timestamp: 1, step: first + index }))
    const answer = await ask('log-batch', { method: 'POST', path: '/api/2.0/mlflow/runs/log-batch', body: JSON.stringify({ run_id: run, metrics }), expect: [200] })
    if (answer?.status === 200) batches.push(first)
    return answer?.status === 200
  }

  async function upload (turn: number): Promise<boolean> {
    const content = randomBytes(turn % 4 === 0 ? randomInt(2 ** 20, 2 ** 23) : randomInt(2 ** 17))
    const path = artifactPath(`soak/${mark}/${randomBytes(8).toString('hex')}`)
    const chunked = turn % 2 === 1
    const body = chunked ? Readable.from([content.subarray(0, content.length >> 1), content.subarray(content.length >> 1)]) : content
    const answer = await ask(chunked ? 'upload, chunked' : 'upload', { method: 'PUT', path, body, expect: [200], mayBreak: true })
    if (answer?.status === 200) files.set(path, digest(content))
    return answer?.status === 200
  }

  async function download (): Promise<boolean> {
    const path = [...files.keys()][randomInt(Math.max(1, files.size))]
    if (path === undefined) return false
    const answer = await ask('download', { method: 'GET', path, expect: [200], mayBreak: true })
    if (answer?.status === 200 && digest(answer.body) !== files.get(path)) surprises.push(`a whole download of ${answer.body.length} bytes is not what was uploaded`)
    return answer?.status === 200
  }

  async function stream (): Promise<boolean> {
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'x' }], stream: true })
    const answer = await ask('SSE', { method: 'POST', path: `/gateway/${endpointName}/mlflow/invocations`, body, expect: [200], mayBreak: true })
    if (answer?.status === 200 && answer.body.toString().split('word-').length - 1 !== eventCount) surprises.push(`a whole stream of events is short: ${answer.body.toString().slice(-200)}`)
    return answer?.status === 200
  }

  async function beRefused (turn: number): Promise<boolean> {
    const path = '/api/2.0/mlflow/experiments/search'
    const kinds: readonly Asked[] = [
      { method: 'POST', path, body: '{}', key: '', expect: [401] },
      { method: 'POST', path, body: '{}', key: 'hk_live_0000000000000000000000000000000000000000', expect: [401] },
      { method: 'PUT', path: artifactPath('refused'), body: Buffer.alloc(2 ** 20), key: '', expect: [401], mayBreak: true },
      { method: 'GET', path: '/api/2.0/mlflow/..%2fsecret', expect: [400] }
    ]
    const refusal = kinds[turn % kinds.length]
    if (refusal !== undefined) await ask('refusal', refusal, [])
    await delay(20)
    return true
  }

  /** @returns undefined where the connection broke */
  async function ask (kind: string, asked: Asked, tolerated: readonly number[] = outage): Promise<{ status: number, body: Buffer } | undefined> {
    const presented = asked.key ?? key
    try {
      const answer = await agent.request({
        origin,
        method: asked.method as 'GET',
        path: pathname + asked.path,
        body: asked.body ?? null,
        headers: { ...presented === '' ? {} : { authorization: `Bearer ${presented}` }, ...asked.method === 'POST' ? { 'content-type': 'application/json' } : {} }
      })
      const body = Buffer.from(await answer.body.arrayBuffer())
      count(`${kind} ${answer.statusCode}`)
      if (!asked.expect.includes(answer.statusCode) && !tolerated.includes(answer.statusCode)) surprises.push(`${kind}: ${answer.statusCode} ${body.toString().slice(0, 200)}`)
      return { status: answer.statusCode, body }
    } catch (error) {
      count(`${kind} cut`)
      if (asked.mayBreak !== true) surprises.push(`${kind}: ${String(error)}`)
      return undefined
    }
  }

  function count (name: string): void {
    answers.set(name, (answers.get(name) ?? 0) + 1)
  }
}

interface Ledger {
  readonly uri: string
  readonly key: string
  readonly run: string
  readonly models: readonly string[]
  readonly batches: readonly number[]
  readonly files: ReadonlyMap<string, string>
}

async function readBack ({ uri, key, run, models, batches, files }: Ledger): Promise<string[]> {
  const lost: string[] = []
  const get = async (path: string): Promise<Response> => await fetch(uri + path, { headers: { authorization: `Bearer ${key}` } })
  for (const name of models) {
    if (!(await get(`/api/2.0/mlflow/registered-models/get?name=${name}`)).ok) lost.push(`model ${name}`)
  }
  const steps = new Set<number>()
  let token = ''
  do {
    const page = await (await get(`/api/2.0/mlflow/metrics/get-history?run_id=${run}&metric_key=m&max_results=20000${token}`)).json() as { metrics?: Array<{ step: number }>, next_page_token?: string }
    for (const { step } of page.metrics ?? []) steps.add(step)
    token = page.next_page_token === undefined ? '' : `&page_token=${encodeURIComponent(page.next_page_token)}`
  } while (token !== '')
  for (const first of batches) {
    for (let step = first; step < first + 10; step++) if (!steps.has(step)) lost.push(`metric at step ${step}`)
  }
  for (const [path, wanted] of files) {
    if (digest(Buffer.from(await (await get(path)).arrayBuffer())) !== wanted) lost.push(path)
  }
  return lost
}

function artifactPath (name: string): string {
  return `/api/2.0/mlflow-artifacts/artifacts/${name}`
}

function digest (content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}
