/** The texts of the document's editions, each made once, in a thread of its own: a second of work, while requests go on. */
import { Worker } from 'node:worker_threads'
import { LRUCache } from 'lru-cache'
import { versions } from '../../mlflow/versions.js'
import { compress, type Content } from '../content.js'

export interface Edition {
  readonly json: Content
  readonly yaml: Content
}

export interface Editions {
  /** @param version `all`, or a version of MLflow */
  readonly of: (version: string) => Promise<Edition>
  /** Ends what is being made. */
  readonly close: () => Promise<void>
}

/** All that can be asked for, and a few versions that come and go behind us. */
const keptMax = versions.length + 4

export function openEditions (): Editions {
  const kept = new LRUCache<string, Promise<Edition>>({ max: keptMax })
  let worker: Worker | undefined
  let turn: Promise<unknown> = Promise.resolve()
  return {
    async of (version) {
      let edition = kept.get(version)
      if (edition === undefined) {
        edition = turn.then(async () => await make(version)) // one after the other: asking for all of them at once takes no more memory
        turn = edition.catch(() => kept.delete(version))
        kept.set(version, edition)
      }
      return await edition
    },
    close: async () => { await worker?.terminate() }
  }

  async function make (version: string): Promise<Edition> {
    const { json, yaml } = await write(version)
    return {
      json: await compress('application/json; charset=utf-8', Buffer.from(json.buffer)),
      yaml: await compress('application/yaml; charset=utf-8', Buffer.from(yaml.buffer))
    }
  }

  async function write (version: string): Promise<Texts> {
    return await new Promise((resolve, reject) => {
      worker = new Worker(new URL('./writer.js', import.meta.url), { workerData: version })
      worker.unref()
      worker.once('message', resolve).once('error', reject).once('exit', () => reject(new Error('the document was not written')))
    })
  }
}

/** What the thread hands over. */
export interface Texts {
  readonly json: Uint8Array<ArrayBuffer>
  readonly yaml: Uint8Array<ArrayBuffer>
}
