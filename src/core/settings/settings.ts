/** The names of the environment that configure the facade, as one table: defaults, what is allowed, what each is for. `docs/config.md` is made from it. */
import { postgresAllowed } from './postgres-url.js'
import { redisAllowed } from './redis-url.js'

export interface Setting {
  /** The default, in the form in which it would be given. */
  readonly value?: string
  /** What a value must be, to complete the sentence "… is not …". */
  readonly allowed: string
  readonly about: string
  /** May also come as `NAME_FILE`; its value is never printed. */
  readonly secret?: boolean
}

/** The date of this release, from which old paths count as deprecated (RFC 9745) unless the operator says otherwise. */
export const released = '2026-11-24'

const port = 'a port from 0 to 65535'
const duration = 'a number of seconds up to 1000000'
const timeout = 'a number of seconds from 0.1 to 1000000'
const url = 'an http:// or https:// URL without user, query, fragment, spaces, dot segments or port 0'
const pemFile = 'the path of a PEM file'
const day = 'a date such as 2027-06-30'

const table = {
  HOST: { value: '127.0.0.1', allowed: 'an address or host name', about: 'Address to listen on. The image listens on `0.0.0.0`.' },
  PORT: { value: '8080', allowed: port, about: 'Port to listen on; `0` takes any free one and prints it.' },
  METRICS_HOST: { allowed: 'an address or host name', about: 'Address of the metrics; default as `HOST`.' },
  METRICS_PORT: { value: '9464', allowed: `${port}, or off`, about: 'Port of the Prometheus metrics, apart from the public one; `off` for none.' },
  DATA_DIR: { value: './data', allowed: 'a folder', about: 'Folder of all that is kept, for the user of the facade alone (mode 0700). One process at a time: it is locked.' },
  MLFLOW_UPSTREAM_URL: { allowed: url, about: 'The MLflow server behind; may hold a path (its static prefix). Unset: an MLflow of our own is prepared and started in `DATA_DIR`.' },
  MLFLOW_UPSTREAM_AUTHORIZATION: { secret: true, allowed: 'the printable value of an Authorization header', about: '`Authorization` header that the MLflow behind wants from the facade. On the LLM gateway MLflow 3.15 and later get it as `X-MLflow-Authorization`, older ones not at all: they would hand it on to the provider.' },
  MLFLOW_UPSTREAM_HOST: { allowed: 'a host name, perhaps with a port', about: '`Host` header towards MLflow, where its `--allowed-hosts` wants another than the URL\'s.' },
  MLFLOW_UPSTREAM_CA_FILE: { allowed: pemFile, about: 'Certificate authority that signed MLflow\'s certificate.' },
  MLFLOW_UPSTREAM_CERT_FILE: { allowed: pemFile, about: 'Certificate of the facade for mutual TLS.' },
  MLFLOW_UPSTREAM_KEY_FILE: { allowed: pemFile, about: 'Private key of that certificate.' },
  MLFLOW_UPSTREAM_TIMEOUT: { value: '300', allowed: timeout, about: 'Seconds until MLflow\'s first byte after a request was sent whole, else 504.' },
  MLFLOW_UPSTREAM_IDLE_TIMEOUT: { value: '300', allowed: timeout, about: 'Seconds of silence within a transfer until it is cut.' },
  MLFLOW_UPSTREAM_CONNECTIONS: { value: '512', allowed: 'a whole number from 1 to 65535', about: 'Connections to MLflow at once; further requests wait up to 10 s for one, then 503.' },
  MLFLOW_PYTHON: { value: 'python3', allowed: 'a command', about: 'Python (3.10 or newer) for an MLflow of our own.' },
  KEYS_URL: { secret: true, allowed: `sqlite:FILE (a file on disk), ${postgresAllowed}, or ${url}`, about: 'Where keys live: in a file, in PostgreSQL (for several replicas, docs/scaling.md), or at an auth service; default `sqlite:$DATA_DIR/keys.db`.' },
  HOKUSAI_AUTH_SERVICE_URL: { allowed: url, about: 'The same as an http(s) `KEYS_URL`.' },
  KEYS_CACHE_SECONDS: { value: '60', allowed: duration, about: 'Seconds for which an answer of the auth service is kept.' },
  KEYS_STALE_SECONDS: { value: '600', allowed: duration, about: 'Seconds for which a key that was seen valid stays so while the auth service, or PostgreSQL, is down.' },
  KEYS_DEFAULT_RATE: { value: 'none', allowed: 'a rate such as 60/hour, or none', about: 'Calls an hour of keys that `keys create` makes without `--rate`; kept with the key. The first admin key has no limit.' },
  REDIS_URL: { secret: true, allowed: redisAllowed, about: 'Redis (5 or later) or Valkey in which several facades count the calls of keys with a limit together (docs/scaling.md). Unset, or while it does not answer: each counts by itself.' },
  AUTH_SERVICE_ID: { value: 'platform', allowed: 'printable text', about: '`service_id` sent to the auth service.' },
  AUTH_EMPTY_SCOPES: { value: 'none', allowed: '`none` or `read`', about: 'What a key of the auth service without scopes may do.' },
  PUBLIC_URL: { allowed: 'an http:// or https:// origin without a path', about: 'The origin that people use; unset: taken from the request.' },
  CORS_ALLOWED_ORIGINS: { allowed: 'a list of http:// or https:// origins without a path, separated by commas (`*` would let any page use a key that it gets hold of)', about: 'Origins of other pages that may call with a key in a header, never with a cookie; unset: none.' },
  TRUST_PROXY: { allowed: 'a list of addresses (without a zone) or CIDR ranges, separated by commas', about: 'Load balancers whose `X-Forwarded-*` and `X-Request-Id` count.' },
  LEGACY_PATHS: { value: 'redirect', allowed: '`redirect`, `forward` or `gone`', about: 'What old paths do: GET and HEAD redirected and the rest served in place, all served in place, or 410.' },
  LEGACY_DEPRECATED: { value: released, allowed: day, about: 'Since when old paths are deprecated (RFC 9745).' },
  LEGACY_SUNSET: { allowed: day, about: 'When old paths end (RFC 8594).' },
  PLATFORM_UPSTREAM_URL: { allowed: url, about: 'The platform\'s other API: what is none of the facade\'s paths is passed on to it untouched, with its own credentials. Unset: 404.' },
  ALLOW_ASSISTANT: { value: 'false', allowed: '`true` or `false`', about: 'Lets administrators reach MLflow\'s assistant, which runs tools on the server\'s host.' },
  BODY_MAX_BYTES: { value: String(64 * 1024 ** 2), allowed: 'a number of bytes above 0', about: 'Largest body of an operation that moves no artifact; above it 413.' },
  SPOOL_MAX_BYTES: { value: String(5 * 1024 ** 3), allowed: 'a number of bytes', about: 'Largest chunked upload that is spooled to disk for an MLflow that takes chunked bodies for empty; above it 413.' },
  SPOOL_TOTAL_BYTES: { allowed: 'a number of bytes', about: 'What all spooled uploads may take at once, and those of one key half of it; without room for another one it is 503 before a byte is read, and the one that uses up the rest ends with 503. Default: half of what is free in `DATA_DIR` at the start, 20 GiB at most. 256 MiB stay free in any case.' },
  TRANSFERS_PER_KEY: { value: '32', allowed: 'a whole number above 0', about: 'Artifact transfers and spooled uploads that one key may have open at once.' },
  REQUESTS_PER_KEY: { value: '256', allowed: 'a whole number above 0', about: 'Requests to MLflow that one key may have under way at once; above it 429.' },
  SHUTDOWN_DELAY: { value: '0', allowed: duration, about: 'Seconds between SIGTERM (when `/ready` turns 503) and refusing new connections.' },
  SHUTDOWN_GRACE: { value: '25', allowed: duration, about: 'Seconds that running requests get to finish.' },
  LOG_LEVEL: { value: 'info', allowed: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`', about: 'Least severity that is logged.' }
} satisfies Record<string, Setting>

/** Names that later versions read. They say who gets in, and how keys travel: whoever sets one relies on it, and nothing of it is here. */
export const notServed = /^(TLS_(CERT|KEY)_FILE|OIDC_\w+)$/

export type Name = keyof typeof table

export const settings: Readonly<Record<Name, Setting>> = table

/** The known name with the smallest edit distance to a misspelt one. */
export function nearest (name: string, known: readonly string[]): string {
  const ranked = known.map(candidate => ({ candidate, distance: editDistance(name, candidate) })).sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate ?? ''
}

function editDistance (a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row++) {
    const current = [row]
    for (let column = 1; column <= b.length; column++) {
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1)))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
