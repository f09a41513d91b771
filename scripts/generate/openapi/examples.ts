/** Examples of requests and answers: recorded from a real MLflow, see scripts/openapi/scenario. */
import type { Body, Parameter, Response } from './schema.js'

/** A call that worked. */
export interface Example {
  /** By name; of path, query and header parameters. */
  readonly parameters?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly status: number
  readonly answer?: unknown
}

export type Examples = Readonly<Record<string, Example>>

interface Entry {
  readonly parameters: readonly Parameter[]
  readonly requestBody?: Body
  readonly responses: Readonly<Record<string, Response | { readonly $ref: string }>>
}

/** The operation with its example. */
export function exampleOf<T extends Entry> (entry: T, example: Example | undefined): T {
  if (example === undefined) return entry
  const { requestBody, responses, parameters } = entry
  const answered = responses[example.status]
  return {
    ...entry,
    parameters: parameters.map(parameter => {
      const value = example.parameters?.[parameter.name]
      return value === undefined ? parameter : { ...parameter, example: value }
    }),
    ...requestBody === undefined || example.body === undefined ? {} : { requestBody: { ...requestBody, content: withExample(requestBody.content, example.body) } },
    ...answered === undefined || '$ref' in answered || answered.content === undefined || example.answer === undefined
      ? {}
      : { responses: { ...responses, [example.status]: { ...answered, content: withExample(answered.content, example.answer) } } }
  }
}

/** For JSON only: bytes have no example. */
function withExample (content: Body['content'], example: unknown): Body['content'] {
  const media = content['application/json']
  return media === undefined ? content : { ...content, 'application/json': { ...media, example } }
}
