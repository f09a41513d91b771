/** Calls of the facade. The key stands in a closure of this page's memory alone: never in storage, address, cookie or title. */

/** What the facade, or the way to it, says against a call: the message is a sentence for people. */
export class CallError extends Error {
  /** Of HTTP; 0: there was no answer. */
  readonly status: number

  constructor (status: number, message: string) {
    super(message)
    this.status = status
  }
}

export type Query = Readonly<Record<string, string | undefined>>

export interface Api {
  /** @throws CallError */
  readonly get: <T>(path: string, query?: Query) => Promise<T>
  /** @throws CallError */
  readonly send: <T>(method: 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) => Promise<T>
}

/** What `/whoami` says of the key, as far as the console looks at it. */
export interface WhoAmI {
  readonly id: string
  readonly name?: string
  readonly owner: string
  readonly scopes: readonly string[]
  readonly workspaces: readonly string[]
}

/** @param refused told of each 401: the key is good no longer, or never was */
export function openApi (key: string, refused: () => void): Api {
  return {
    get: async (path, query = {}) => await call('GET', path + search(query)),
    send: async (method, path, body) => await call(method, path, body)
  }

  async function call<T> (method: string, path: string, body?: unknown): Promise<T> {
    const ofBody = body === undefined ? {} : { 'content-type': 'application/json' }
    const response = await fetch(path, {
      method,
      headers: { authorization: `Bearer ${key}`, accept: 'application/json', ...ofBody },
      body: body === undefined ? null : JSON.stringify(body),
      cache: 'no-store',
      credentials: 'omit', // a session of the same browser counts for nothing here
      redirect: 'error'
    }).catch(() => { throw new CallError(0, 'The facade does not answer. Check the connection, and try again.') })
    const text = await response.text().catch(() => '')
    // Health says with 503 what is wrong, in the same form as with 200.
    if (response.ok || (response.status === 503 && path === '/ready')) return parse(text) as T
    if (response.status === 401) refused()
    const { message } = parse(text) as { readonly message?: string }
    throw new CallError(response.status, message ?? `The facade answered with status ${response.status}.`)
  }
}

function parse (text: string): unknown {
  try {
    return JSON.parse(text) ?? {}
  } catch {
    return {}
  }
}

function search (query: Query): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '')
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`
}

/** What went wrong, as a sentence. */
export function sentence (error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
