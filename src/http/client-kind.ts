/** Kinds of clients, for log and metrics. */
import { remembering } from '../core/remembering.js'

const kinds: ReadonlyArray<readonly [RegExp, string]> = [
  [/^mlflow-python-client/i, 'mlflow-python'],
  [/^mlflow-java-client/i, 'mlflow-java'],
  [/^OTel/i, 'opentelemetry'],
  [/^python-requests|^python-urllib|^aiohttp|^python-httpx/i, 'python'],
  [/^curl/i, 'curl'],
  [/^Mozilla/i, 'browser'],
  [/^node|^undici/i, 'node'],
  [/^Java|^Apache-HttpClient/i, 'java'],
  [/^Go-http-client/i, 'go']
]

/** The kind of client, one of a few names: a user agent can hold anything. */
export function clientKind (userAgent: string | undefined): string {
  return userAgent === undefined ? 'none' : kindOf(userAgent)
}

const kindOf = remembering(userAgent => kinds.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'other')
