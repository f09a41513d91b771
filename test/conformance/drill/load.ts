/** Constant load on one facade, over connections that are kept, with whatever keys there are at the time. */
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import type { Call, DrillKey } from './judge.js'

export const search = '/mlflow/api/2.0/mlflow/experiments/search'
/** A pause between two calls of one caller, so that the machine is not what is measured. */
const pauseMs = 12

export interface Load {
  readonly stop: () => Promise<void>
}

interface LoadOptions {
  readonly callers: number
  /** Where they call from: ended keys are guesses like any other, and those are counted for each address. */
  readonly from: string
  /** The key of the next call. */
  readonly next: () => DrillKey | undefined
  /** Told of each answer; a call without one counts as status 599. */
  readonly onCall: (key: DrillKey, call: Call) => void
}

export function startLoad (url: string, { callers, from, next, onCall }: LoadOptions): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: callers, localAddress: from })
  const stopping = new AbortController()
  const seen = new WeakSet<DrillKey>()
  const loops = Array.from({ length: callers }, async () => {
    while (!stopping.signal.aborted) {
      const key = next()
      if (key !== undefined) {
        const call = { sentAt: performance.now(), wasSeen: seen.has(key), status: await statusOf(url, key.text, agent) }
        onCall(key, call)
        if (call.status < 300) seen.add(key)
      }
      await delay(pauseMs)
    }
  })
  return {
    async stop () {
      stopping.abort()
      await Promise.all(loops)
      agent.destroy()
    }
  }
}

/** 599: there was no answer. */
async function statusOf (url: string, key: string, agent: Agent): Promise<number> {
  return await new Promise(resolve => {
    const call = request(`${url}${search}?max_results=1`, { agent, headers: { authorization: `Bearer ${key}` }, timeout: 30_000 }, response => {
      response.resume().once('close', () => resolve(response.complete ? response.statusCode ?? 599 : 599))
    })
    call.once('timeout', () => call.destroy())
    call.once('error', () => resolve(599))
    call.end()
  })
}

/**
 * A download that never ends by itself. A store that has just come back may not have been found yet, so a 503 is tried again, as MLflow's
 * client does.
 * @returns the status that it ended with before it began, or a promise of its end
 */
export async function startTransfer (url: string, key: string): Promise<{ readonly ended: Promise<void> } | { readonly status: number }> {
  for (const lastAt = performance.now() + 5000; ; await delay(100)) {
    const begun = await tryTransfer(url, key)
    if ('ended' in begun || begun.status < 429 || performance.now() > lastAt) return begun
  }
}

async function tryTransfer (url: string, key: string): ReturnType<typeof startTransfer> {
  return await new Promise(resolve => {
    const call = request(`${url}/mlflow/get-artifact?path=endless`, { headers: { authorization: `Bearer ${key}` } }, response => {
      const ended = new Promise<void>(resolve => response.resume().once('close', resolve))
      const { statusCode: status = 599 } = response
      resolve(status === 200 ? { ended } : { status })
    })
    call.once('error', () => resolve({ status: 599 }))
    call.end()
  })
}
