/** Constant load through a proxy with TLS: each answer has to be the right one, and each write has to arrive once. */
import { Agent, request } from 'node:https'
import { randomUUID } from 'node:crypto'
import type { Behaviour } from '../../helpers/upstream.js'
import { answer } from '../../helpers/upstream.js'

const paths = { read: '/mlflow/api/2.0/mlflow/experiments/search?max_results=1', write: '/mlflow/api/2.0/mlflow/runs/log-batch' }

export interface LoadResult {
  readonly requests: number
  /** What went wrong, and how often. */
  readonly failures: ReadonlyMap<string, number>
}

interface Options {
  readonly key: string
  readonly ca: Buffer
  readonly callers: number
  /** Asked before each call. */
  readonly isOver: (requests: number) => boolean
}

/** Three reads to one write, over connections that are kept. */
export async function loadThrough (origin: string, { key, ca, callers, isOver }: Options): Promise<LoadResult> {
  const agent = new Agent({ keepAlive: true, maxSockets: callers, ca })
  const failures = new Map<string, number>()
  let requests = 0
  await Promise.all(Array.from({ length: callers }, async () => {
    while (!isOver(requests)) {
      const isWrite = ++requests % 4 === 0
      const failure = await call(isWrite ? 'POST' : 'GET', `${origin}${isWrite ? paths.write : paths.read}`, key, agent)
      if (failure !== undefined) failures.set(failure, (failures.get(failure) ?? 0) + 1)
    }
  }))
  agent.destroy()
  return { requests, failures }
}

/** @returns what went wrong */
async function call (method: string, url: string, key: string, agent: Agent): Promise<string | undefined> {
  const body = method === 'POST' ? JSON.stringify({ run_id: randomUUID() }) : ''
  const headers = { authorization: `Bearer ${key}`, ...body === '' ? {} : { 'content-type': 'application/json', 'content-length': body.length } }
  return await new Promise(resolve => {
    const sent = request(url, { method, agent, headers, timeout: 60_000 }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).once('close', () => {
        const { statusCode = 0 } = response
        if (statusCode !== 200) resolve(`${method} ${statusCode} ${text.slice(0, 200)}`)
        else resolve(response.complete && text === body ? undefined : `${method} with another body than it should have`)
      })
    })
    sent.once('timeout', () => sent.destroy(new Error('no answer within 60 s')))
    sent.once('error', error => resolve(`${method} ${error.message}`))
    sent.end(body)
  })
}

export interface Arrivals {
  readonly behaviour: Behaviour
  /** Writes that MLflow has got, and how many of them twice. */
  readonly writes: () => { readonly arrived: number, readonly twice: number }
}

/** An MLflow that sends each body back, and notes each write by its id. */
export function countArrivals (): Arrivals {
  const seen = new Set<string>()
  let twice = 0
  return {
    behaviour: call => {
      call.whole.then(body => {
        const id = body.toString()
        if (seen.has(id)) twice++
        else if (id !== '') seen.add(id)
        call.write(answer(200, id))
      }).catch(() => {})
    },
    writes: () => ({ arrived: seen.size, twice })
  }
}
