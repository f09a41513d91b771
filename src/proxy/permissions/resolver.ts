/** What ids stand for, by MLflow's own word: asked on connections of our own, and remembered for a short while. */
import { LRUCache } from 'lru-cache'
import { FacadeError, unavailable } from '../../core/errors.js'
import { prefixFor, type Layout } from '../../mlflow/layout.js'
import type { Upstream } from '../../mlflow/pool.js'
import { isPrompt } from '../../permissions/filter.js'
import type { FoundExperiment, Owned, Resolver } from '../../permissions/judge.js'

/** A name may change by another way than through this process. */
const nameKeptMs = 2000
/** What belongs to an experiment stays with it; a trace that was deleted may come again under its id. */
const ownerKeptMs = 60_000
const cacheMax = 10_000
/** Runs and models come with all their parameters and tags. */
const answerMaxBytes = 4 * 1024 * 1024
const timeoutMs = 10_000

export interface Resolvers {
  /** Of one workspace; undefined: none is named. */
  readonly of: (layout: Layout, workspace: string | undefined) => Resolver
  /** Some experiment has got another name, perhaps. */
  readonly forgetNames: () => void
}

const questions: Readonly<Record<Owned, { readonly path: (id: string) => string, readonly read: (answer: Fields) => Fields }>> = {
  run: { path: id => `/api/2.0/mlflow/runs/get?run_id=${id}`, read: answer => fieldsOf(fieldsOf(answer.run).info) },
  trace: { path: id => `/api/2.0/mlflow/traces/${id}/info`, read: answer => fieldsOf(answer.trace_info) },
  loggedModel: { path: id => `/api/2.0/mlflow/logged-models/${id}`, read: answer => fieldsOf(fieldsOf(answer.model).info) }
}

type Fields = Readonly<Record<string, unknown>>

/** The name that an answer has for the id that was asked for. */
const ids: Readonly<Record<Owned, string>> = { run: 'run_id', trace: 'request_id', loggedModel: 'model_id' }

export function createResolvers (probe: Upstream['probe']): Resolvers {
  const experiments = new LRUCache<string, FoundExperiment>({ max: cacheMax, ttl: nameKeptMs })
  const owners = new LRUCache<string, string>({ max: cacheMax, ttl: ownerKeptMs })
  const prompts = new LRUCache<string, { readonly is: boolean }>({ max: cacheMax, ttl: nameKeptMs })
  const pending = new Map<unknown, Map<string, Promise<unknown>>>([experiments, owners, prompts].map(cache => [cache, new Map()]))

  return {
    of (layout, workspace) {
      const keyOf = (...parts: readonly string[]): string => JSON.stringify([workspace, ...parts])
      const ask = async (path: string): Promise<Fields | undefined> => await question(probe, prefixFor(layout, 'rest', 'GET') + path, workspace)
      return {
        async experiment (id) {
          return await cached(experiments, keyOf(id), async () => {
            const found = fieldsOf((await ask(`/api/2.0/mlflow/experiments/get?experiment_id=${encodeURIComponent(id)}`))?.experiment)
            if (found.experiment_id !== id || typeof found.name !== 'string') return undefined
            return { name: found.name, location: typeof found.artifact_location === 'string' ? found.artifact_location : '' }
          })
        },
        async experimentOf (kind, id) {
          if (id === '' || id === '.' || id === '..' || id.includes('/')) return ''
          return await cached(owners, keyOf(kind, id), async () => {
            const answer = await ask(questions[kind].path(encodeURIComponent(id)))
            if (answer === undefined) return undefined
            const found = questions[kind].read(answer)
            return found[ids[kind]] === id && typeof found.experiment_id === 'string' ? found.experiment_id : ''
          })
        },
        async isPrompt (name) {
          const known = await cached(prompts, keyOf(name), async () => {
            const answer = await ask(`/api/2.0/mlflow/registered-models/get?name=${encodeURIComponent(name)}`)
            const found = fieldsOf(answer?.registered_model)
            return found.name === name ? { is: isPrompt(found.tags) } : undefined
          })
          return known?.is
        }
      }
    },
    forgetNames () {
      experiments.clear()
      pending.get(experiments)?.clear() // what was asked before may be answered with the old name
    }
  }

  /** What is asked by several at once is asked once. */
  async function cached<Value extends object | string> (
    cache: LRUCache<string, Value>,
    key: string,
    ask: () => Promise<Value | undefined>
  ): Promise<Value | undefined> {
    const known = cache.get(key)
    if (known !== undefined) return known
    const running = pending.get(cache)?.get(key) as Promise<Value | undefined> | undefined
    if (running !== undefined) return await running
    const answer = ask()
    pending.get(cache)?.set(key, answer)
    const isCurrent = (): boolean => pending.get(cache)?.get(key) === answer
    try {
      const found = await answer
      if (found !== undefined && found !== '' && isCurrent()) cache.set(key, found)
      return found
    } finally {
      if (isCurrent()) pending.get(cache)?.delete(key)
    }
  }
}

/**
 * Asks MLflow.
 * @returns undefined where it knows no such thing
 * @throws FacadeError where it does not answer, or not with what was asked for
 */
async function question (probe: Upstream['probe'], path: string, workspace: string | undefined): Promise<Fields | undefined> {
  const headers = { accept: 'application/json', 'x-mlflow-workspace': workspace }
  const answer = await probe(path, { headers, timeoutMs, maxBytes: answerMaxBytes })
  if (answer.status === 404 && answer.body.includes('RESOURCE_DOES_NOT_EXIST')) return undefined
  if (answer.status === 400 || answer.status === 404) return {} // it may be there
  try {
    if (answer.status === 200) return fieldsOf(JSON.parse(answer.body))
  } catch {} // none of its answers
  if (answer.status >= 500) throw unavailable(`MLflow answers ${answer.status}.`, 'upstream_not_ready')
  throw new FacadeError('badGateway', { message: 'MLflow\'s answer to a question of the facade cannot be used.', reason: 'upstream_protocol' })
}

function fieldsOf (value: unknown): Fields {
  return typeof value === 'object' && value !== null ? value as Fields : {}
}
