/** Calls a facade by many keys, which no load generator of others does. */
import { Agent, request } from 'node:http'
import { read } from './load.js'
import { BenchError } from './machine.js'

const callers = 16

export class Caller {
  readonly #url: URL
  readonly #keyAt: (index: number) => string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: callers })

  /** @param url stands for MLflow's root @param keyAt the key of a number */
  constructor (url: string, keyAt: (index: number) => string) {
    this.#url = new URL(url + read)
    this.#keyAt = keyAt
  }

  /** Calls for so long, by the key that the number of the request picks. @returns the number of requests @throws BenchError */
  async callFor (ms: number, pick: (request: number) => number): Promise<number> {
    let requests = 0
    const end = performance.now() + ms
    await Promise.all(Array.from({ length: callers }, async () => {
      while (performance.now() < end) await this.#call(pick(requests++))
    }))
    return requests
  }

  /** Calls by each of these keys at the same time. @returns their number @throws BenchError */
  async callEach (keys: readonly number[]): Promise<number> {
    await Promise.all(keys.map(async key => await this.#call(key)))
    return keys.length
  }

  close (): void {
    this.#agent.destroy()
  }

  /** @throws BenchError when the answer is not 200: what it cost means nothing */
  async #call (key: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      request(this.#url, { agent: this.#agent, headers: { authorization: `Bearer ${this.#keyAt(key)}` } }, response => {
        response.resume().once('end', () => {
          if (response.statusCode === 200) resolve()
          else reject(new BenchError(`A request of the benchmark got ${response.statusCode}.`))
        })
      }).once('error', reject).end()
    })
  }
}
