/** A facade whose keys are in a store of its own, and calls of those who manage them. */
import type { Test } from 'tap'
import type { Scope } from '../../src/access/scopes.js'
import type { KeyStore } from '../../src/keys/contract.js'
import { facade, type Facade } from './app.js'
import type { Answer } from './client.js'
import { openFile, reading } from './sqlite-store.js'
import { echo, type Behaviour } from './upstream.js'

export interface Managed {
  readonly up: Facade
  readonly store: KeyStore
  /** A key with these scopes. */
  readonly issue: (...scopes: Scope[]) => Promise<{ readonly key: string, readonly id: string }>
  /** Sends JSON with a key, the first administrator's unless another is named; null: none. */
  readonly call: (method: string, target: string, body?: unknown, key?: string | null) => Promise<Answer>
  /** The first administrator's. */
  readonly admin: { readonly key: string, readonly id: string }
}

export async function openManaged (t: Test, env: Readonly<Record<string, string>> = {}, behaviour: Behaviour = echo): Promise<Managed> {
  const { store } = openFile(t, { now: Date.now })
  const issue: Managed['issue'] = async (...scopes) => {
    const { key, record } = await store.create({ ...reading, scopes: new Set(scopes) })
    return { key, id: record.keyId }
  }
  const admin = await issue('mlflow:admin')
  const up = await facade(t, behaviour, { env, verifier: store })
  return {
    up,
    store,
    issue,
    admin,
    call: async (method, target, body, key = admin.key) => {
      const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
      return await up.call(method, target, {
        key: null,
        headers: { ...key === null ? {} : { Authorization: `Bearer ${key}` }, ...text === undefined ? {} : { 'Content-Type': 'application/json' } },
        ...text === undefined ? {} : { body: Buffer.from(text) }
      })
    }
  }
}
