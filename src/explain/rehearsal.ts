/**
 * Puts a request to the whole facade without sending it: an app of the same making, on a port of its own, whose way to MLflow ends
 * before MLflow. So what is explained is what would happen, whoever changes what judges requests.
 */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as send, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { createActiveSet } from '../core/active-set.js'
import { FacadeError, unavailable } from '../core/errors.js'
import type { Config } from '../core/settings/config.js'
import type { KeyVerifier, Verdict } from '../keys/contract.js'
import type { Limits } from '../keys/limits/local.js'
import type { OldPathUsage } from '../legacy/usage.js'
import type { Monitor } from '../mlflow/monitor.js'
import type { Upstream } from '../mlflow/pool.js'
import type { PooledRequest } from '../mlflow/pooled.js'
import { explained, type Explanation, type Rehearsed, type Sent } from './explanation.js'

/** A request that is asked about. */
export interface Question {
  readonly method: string
  /** The target as it would be sent: path and query, raw. */
  readonly target: string
  readonly headers: ReadonlyArray<readonly [string, string]>
  readonly body: Buffer | undefined
  /** What the store says of the key that it would come with; undefined: it comes without one. */
  readonly verdict: Verdict | undefined
}

export interface Rehearsal {
  /** What would become of a request. Questions wait for each other. @throws FacadeError */
  readonly ask: (question: Question) => Promise<Explanation>
  readonly close: () => Promise<void>
}

/** What of the facade is asked too; the rest is made anew. */
interface Real {
  readonly upstream: Upstream
  readonly monitor: Monitor
  readonly limits: Limits
}

interface Parts extends Real {
  readonly verifier: KeyVerifier
  readonly oldPathUsage: OldPathUsage
  readonly extend: (app: FastifyInstance) => void
}

export type Build = (config: Config, parts: Parts) => Promise<FastifyInstance>

/** An answer that takes longer hangs on somebody else, who would take as long of a real request. */
const answerMaxMs = 30_000

/** Questions that may wait: each holds a body of a megabyte or two. */
const waitingMax = 32

/** The app is made at the first question. */
export function openRehearsal (config: Config, real: Real, build: Build): Rehearsal {
  /** What is seen of the question that is under way. */
  let seen: Seen = { key: '', verdict: undefined }
  let app: Promise<FastifyInstance> | undefined
  let last: Promise<unknown> = Promise.resolve()
  let waiting = 0
  let isClosed = false

  const open = async (): Promise<FastifyInstance> => {
    const made = await build(quiet(config), partsOf(real, () => seen))
    await made.listen({ host: '127.0.0.1', port: 0 })
    return made
  }

  const ask = async (question: Question): Promise<Explanation> => {
    if (isClosed) throw unavailable('The facade is shutting down.', 'internal')
    app ??= open()
    app.catch(() => { app = undefined })
    const { port } = (await app).server.address() as AddressInfo
    seen = { key: randomBytes(32).toString('hex'), verdict: question.verdict }
    const answer = await put(question, port, seen.key).catch(error => {
      throw unavailable('The request could not be judged at the moment. Try again.', 'internal', error)
    })
    return explained(question, { ...seen, answer, layout: real.monitor.lastLayout })
  }

  return {
    async ask (question) {
      if (waiting >= waitingMax) throw tooMany()
      waiting++
      const answer = last.catch(() => {}).then(async () => await ask(question)).finally(() => { waiting-- })
      last = answer
      return await answer
    },
    async close () {
      isClosed = true
      await last.catch(() => {})
      await (await app?.catch(() => undefined))?.close()
    }
  }
}

interface Seen extends Pick<Rehearsed, 'request' | 'sent'> {
  /** Stands for the key, for this question alone. */
  readonly key: string
  readonly verdict: Verdict | undefined
  request?: FastifyRequest | undefined
  sent?: Sent | undefined
}

/** Nothing is written, told or asked of anybody but MLflow. */
function quiet (config: Config): Config {
  return {
    ...config,
    tls: undefined,
    oidc: undefined,
    tracing: undefined,
    platformUrl: undefined,
    audit: { ...config.audit, place: { kind: 'off' } }
  }
}

function partsOf (real: Real, seen: () => Seen): Parts {
  const { upstream, monitor, limits } = real
  const open = createActiveSet<PooledRequest>()
  const verify = (key: string): Verdict => {
    const { key: own, verdict } = seen()
    return key === own && verdict !== undefined ? verdict : { valid: false, reason: 'unknown' }
  }
  return {
    verifier: { verify, check: async () => {}, close: async () => {} },
    upstream: {
      ...upstream,
      open,
      send (request) {
        seen().sent = request
        request.onError(notSent)
      },
      async probe (path, options = {}) {
        if (options.forCaller !== true) return await upstream.probe(path, options)
        const { method = 'GET', headers = {} } = options
        const flat = Object.entries(headers).flatMap(([name, value]) => value === undefined ? [] : [name, value])
        seen().sent = { outgoing: { method, path }, headers: flat }
        throw notSent
      },
      ended: request => { open.remove(request) },
      onBroken () {},
      close: async () => {}
    },
    monitor: lent(monitor),
    limits: {
      ...limits,
      take (keyId, ratePerHour, cost) {
        const standing = limits.take(keyId, ratePerHour, 0)
        if (cost === 0) return standing
        return standing instanceof Promise ? standing.then(wouldTake) : wouldTake(standing)
      },
      close () {}
    },
    oldPathUsage: { note () {}, close () {} },
    extend (app) {
      app.addHook('onRequest', (request, _reply, done) => {
        seen().request = request
        done()
      })
      // What is the facade's own would be done: it ends where it would begin
      app.addHook('preHandler', (request, reply, done) => {
        if (request.operation?.match === undefined) void reply.code(204).send()
        else done()
      })
    }
  }
}

function tooMany (): FacadeError {
  const message = `${waitingMax} requests wait to be explained. Try again.`
  return new FacadeError('rateLimited', { message, reason: 'requests', headers: { 'retry-after': '1' } })
}

const notSent = unavailable('This was not sent to MLflow.', 'internal')

function lent (monitor: Monitor): Monitor {
  return {
    get layout () { return monitor.layout },
    get lastLayout () { return monitor.lastLayout },
    get problem () { return monitor.problem },
    refresh: async () => await monitor.refresh(),
    suspect () {},
    close () {}
  }
}

/** As if the call were counted. */
function wouldTake<T extends { readonly remaining: number }> (standing: T): T & { readonly isAllowed: boolean } {
  return { ...standing, isAllowed: standing.remaining > 0 }
}

/** Sends the request as a client would, byte for byte. */
async function put ({ method, target, headers, body, verdict }: Question, port: number, key: string): Promise<Rehearsed['answer']> {
  const own = verdict === undefined ? [] : ['authorization', `Bearer ${key}`]
  const length = body === undefined ? [] : ['content-length', String(body.length)]
  const asked = send({
    host: '127.0.0.1',
    port,
    method,
    path: Buffer.from(target).toString('latin1'), // its bytes, whatever they are
    headers: ['host', 'facade.invalid', ...own, ...headers.flat(), ...length, 'connection', 'close'],
    agent: false,
    signal: AbortSignal.timeout(answerMaxMs)
  })
  asked.on('error', () => {}) // `once` hears of it until the head is there, the body's reader afterwards
  asked.end(body)
  const [answer] = await once(asked, 'response') as [IncomingMessage]
  const parts: Buffer[] = []
  for await (const part of answer) parts.push(part as Buffer)
  return { status: answer.statusCode ?? 0, location: answer.headers.location, body: Buffer.concat(parts) }
}
