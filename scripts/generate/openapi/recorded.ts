/** What real servers were sent and answered, kept in the repository: examples of the document, and true answers for tests that need no server. */
import type { Exchange } from './caller.js'
import type { Example, Examples } from './examples.js'
import type { Sample } from './seeds.js'

/** One call and its answer, free of what changes with the place where it was recorded. */
export interface Recorded {
  readonly id: string
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** Parsed where it is JSON, else its text; absent where it is empty. */
  readonly answer?: unknown
}

/** Lists are cut after so many entries: the catalogue of models has hundreds. */
const entriesMax = 5

/** Answers that are no example: the document itself, and a page. */
const left = new Set(['getOpenapiJson', 'getOpenapiYaml', 'signInPage'])

export function record (exchanges: readonly Exchange[], folders: readonly string[]): Recorded[] {
  return exchanges.filter(({ id, call }) => !left.has(id) && call.wrong === undefined && call.status !== 'any').map(({ id, call, answered }) => {
    const type = answered.headers['content-type'] ?? ''
    const answer = answered.body.length === 0 ? undefined : type.startsWith('application/json') ? JSON.parse(answered.body.toString()) as unknown : answered.body.toString()
    const headers = Object.fromEntries(Object.entries(answered.headers).filter(([name]) => kept.has(name)))
    return clean({ id, ...call.parameters === undefined ? {} : { parameters: call.parameters }, ...call.body === undefined || Buffer.isBuffer(call.body) ? {} : { body: call.body }, status: answered.status, headers, ...answer === undefined ? {} : { answer } })
  })

  function clean (entry: Recorded): Recorded {
    let text = JSON.stringify(entry, (_, value: unknown) => Array.isArray(value) ? value.slice(0, entriesMax) : value)
    for (const folder of folders) text = text.replaceAll(folder, '/srv/mlflow')
    return JSON.parse(text
      .replace(/http:\/\/127\.0\.0\.1:\d+/g, 'https://service.example')
      .replace(/\b(hk_(?:live|test)_)\w{42}\b/g, '$1EXAMPLE')) as Recorded
  }
}

const kept = new Set(['content-type', 'content-disposition', 'content-range', 'x-content-type-options', 'x-request-id', 'retry-after', 'www-authenticate'])

/** The first call of each operation that went well. */
export function examplesFrom (recorded: readonly Recorded[]): Examples {
  const examples: Record<string, Example> = {}
  for (const { id, parameters, body, status, answer } of recorded) {
    if (status >= 300 || examples[id] !== undefined) continue
    examples[id] = { status, ...parameters === undefined ? {} : { parameters }, ...body === undefined ? {} : { body }, ...answer === undefined ? {} : { answer } }
  }
  return examples
}

/** As an answer from a server. */
export function sampleOf ({ id, status, headers, answer }: Recorded): Sample {
  return { id, answered: { status, headers, body: Buffer.from(answer === undefined ? '' : typeof answer === 'string' ? answer : JSON.stringify(answer)) } }
}
