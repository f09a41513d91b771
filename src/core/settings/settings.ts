/** The names of the environment that configure the facade, as one table: defaults, what is allowed, what each is for. `docs/config.md` is made from it. */
import { postgresAllowed } from './postgres-url.js'
import { redisAllowed } from './redis-url.js'

export interface Setting {
  /** The default, in the form in which it would be given. */
  readonly value?: string
  /** What a value must be, to complete the sentence "It must be …". */
  readonly allowed: string
  readonly about: string
  /** May also come as `NAME_FILE`; its value is never printed. */
  readonly secret?: boolean
  /** May also come as `NAME_FILE`, since it is long. */
  readonly long?: boolean
}

/** The date of this release, from which old paths count as deprecated (RFC 9745) unless the operator says otherwise. */
export const released = '2026-11-24'

const port = 'a port from 0 to 65535'
const duration = 'a number of seconds up to 1000000'
const timeout = 'a number of seconds from 0.1 to 1000000'
const lifetime = 'a number of seconds from 1 to 1000000'
const url = 'an http:// or https:// URL without user, query, fragment, spaces, dot segments or port 0'
const keyLifetime = 'a duration such as 90d, 12h or 3600s (s, m, h, d, w), or a number of seconds above 0'
const pemFile = 'the path of a PEM file'
const placeList = '`any`, `none`, or beginnings of URIs separated by commas, such as `s3://bucket/team-a/`, `s3://*`, `runs:` (URIs without a host) or `/mnt/artifacts/`'
const day = 'a date such as 2027-06-30'

const table = {
  HOST: { value: '127.0.0.1', allowed: 'an address or host name', about: 'Address to listen on. The image listens on `0.0.0.0`.' },
  PORT: { value: '8080', allowed: port, about: 'Port to listen on; `0` picks any free port and prints it.' },
  TLS_CERT_FILE: { allowed: pemFile, about: 'Certificate (with its chain) with which the facade serves HTTPS itself, where no proxy terminates TLS; needs `TLS_KEY_FILE`. Both files are read again when they change; TLS 1.2 and 1.3.' },
  TLS_KEY_FILE: { allowed: 'the path of a PEM file with an unencrypted private key', about: 'Private key of that certificate.' },
  METRICS_HOST: { allowed: 'an address or host name', about: 'Address of the metrics port; defaults to `HOST`.' },
  METRICS_PORT: { value: '9464', allowed: `${port}, or off`, about: 'Port of the Prometheus metrics, separate from the public one; `off` for none.' },
  DATA_DIR: { value: './data', allowed: 'a folder', about: 'Folder for all data, private to the facade\'s user (mode 0700). It is locked: one process at a time.' },
  WORKERS: { value: '1', allowed: '`auto` or a whole number from 1 to 64', about: 'Processes that serve, for more than one core; `auto`: one for each core. They share port, `DATA_DIR`, MLflow and metrics. Bounds that protect MLflow or the disk are divided among them; what counts for each key or address counts in each of them by itself (docs/scaling.md).' },
  MLFLOW_UPSTREAM_URL: { allowed: url, about: 'URL of the MLflow server; its path is the static prefix. Unset: the facade installs and starts a built-in MLflow in `DATA_DIR`.' },
  MLFLOW_UPSTREAM_AUTHORIZATION: { secret: true, allowed: 'the printable value of an Authorization header', about: '`Authorization` header that MLflow requires from the facade. On the LLM gateway, MLflow 3.15 and later get it as `X-MLflow-Authorization`, older versions not at all: they would forward it to the provider.' },
  MLFLOW_UPSTREAM_IDENTITY_SECRET: { secret: true, allowed: 'a text of 32 to 1024 characters', about: 'Signs for MLflow whose key each call came with, in the header `X-Hokusai-Identity`; a module for MLflow\'s basic-auth app checks it (docs/identity.md). Unset: nothing is signed.' },
  MLFLOW_UPSTREAM_HOST: { allowed: 'a host name, optionally with a port', about: '`Host` header to send to MLflow, if its `--allowed-hosts` requires one other than the URL\'s.' },
  MLFLOW_UPSTREAM_CA_FILE: { allowed: pemFile, about: 'Certificate of the authority that signed MLflow\'s certificate.' },
  MLFLOW_UPSTREAM_CERT_FILE: { allowed: pemFile, about: 'Client certificate of the facade, for mutual TLS.' },
  MLFLOW_UPSTREAM_KEY_FILE: { allowed: pemFile, about: 'Private key of that certificate.' },
  MLFLOW_UPSTREAM_TIMEOUT: { value: '300', allowed: timeout, about: 'Seconds to wait for MLflow\'s first byte once a request is fully sent; then 504.' },
  MLFLOW_UPSTREAM_IDLE_TIMEOUT: { value: '300', allowed: timeout, about: 'Seconds of silence after which a transfer is cut off.' },
  MLFLOW_UPSTREAM_CONNECTIONS: { value: '512', allowed: 'a whole number from 1 to 65535', about: 'Maximum concurrent connections to MLflow; further requests wait up to 10 s for one, then get 503.' },
  MLFLOW_PYTHON: { value: 'python3', allowed: 'a command', about: 'Python (3.10 or newer) for the built-in MLflow.' },
  KEYS_URL: { secret: true, allowed: `sqlite:FILE (a file on disk), ${postgresAllowed}, or ${url}`, about: 'Where keys are stored: in a file, in PostgreSQL (for several replicas, docs/scaling.md), or at an auth service; default `sqlite:$DATA_DIR/keys.db`.' },
  HOKUSAI_AUTH_SERVICE_URL: { allowed: url, about: 'Same as an http(s) `KEYS_URL`.' },
  KEYS_CACHE_SECONDS: { value: '60', allowed: duration, about: 'Seconds to cache the auth service\'s answer about a key.' },
  KEYS_STALE_SECONDS: { value: '600', allowed: duration, about: 'Seconds for which a key last seen as valid keeps working while the auth service or PostgreSQL is down.' },
  KEYS_DEFAULT_RATE: { value: 'none', allowed: 'a rate such as 60/hour, or none', about: 'Calls an hour of keys that `keys create` and `POST /admin/keys` make without a rate; kept with the key. The first admin key has no limit.' },
  KEYS_MAX_LIFETIME: { allowed: keyLifetime, about: 'How far ahead the expiry of a key may lie that is created, changed or rotated, on the command line or over HTTP: asking for more is an error, and a key for which no expiry is asked gets this one. The first admin key and imported keys keep theirs. Unset: no limit.' },
  REDIS_URL: { secret: true, allowed: redisAllowed, about: 'Redis (5 or later) or Valkey in which several facades count the calls of keys with a limit together (docs/scaling.md). Unset, or while it does not answer: each counts by itself.' },
  AUTH_SERVICE_ID: { value: 'platform', allowed: 'printable text', about: '`service_id` sent to the auth service.' },
  AUTH_EMPTY_SCOPES: { value: 'none', allowed: '`none` or `read`', about: 'What an auth-service key without scopes may do.' },
  SESSION_SECRET: { secret: true, allowed: 'a text of 32 to 1024 characters', about: 'Seals the sessions of people who sign in with a key of an auth service or at an identity provider (docs/browser.md); the same on all replicas. Unset: made once, in `DATA_DIR`. Sessions of keys in the facade\'s own store need none.' },
  SESSION_IDLE_SECONDS: { value: '28800', allowed: lifetime, about: 'Seconds without a request after which a session ends.' },
  SESSION_MAX_SECONDS: { value: '604800', allowed: lifetime, about: 'Seconds after which a session ends in any case.' },
  OIDC_ISSUER: { allowed: 'the issuer as its tokens name it: an https:// URL (http:// on a loopback address only)', about: 'Identity provider: its tokens (JWT) count besides API keys with `OIDC_AUDIENCE` (docs/service-accounts.md), people sign in there with `OIDC_CLIENT_ID` (docs/browser.md); needs `OIDC_ROLES`. Unset: none.' },
  OIDC_AUDIENCE: { allowed: 'printable text', about: 'The audience (`aud`) that a token must be meant for. Unset: no tokens count.' },
  OIDC_ROLES: { long: true, allowed: 'a list of roles as JSON', about: 'What the claims of a token or a person allow: `[{"claim": "groups", "value": "ml-team", "scopes": ["mlflow:write"]}]`, with `workspaces`, `permissions` and `rate` where wanted (docs/service-accounts.md).' },
  OIDC_USER_CLAIM: { value: 'email', allowed: 'printable text', about: 'The claim that names the user; `email` counts only with `email_verified`. Who has none goes by the `sub`.' },
  OIDC_CLIENT_ID: { allowed: 'printable text', about: 'The facade as the identity provider knows it: with it people sign in there (docs/browser.md).' },
  OIDC_CLIENT_SECRET: { secret: true, allowed: 'printable text', about: 'The secret of that client.' },
  OIDC_NAME: { value: 'your company account', allowed: 'a text of 1 to 60 characters', about: 'What the sign-in page calls the identity provider, after "Sign in with".' },
  OIDC_SCOPES: { value: 'openid email profile offline_access', allowed: 'names separated by spaces, `openid` among them', about: 'What the facade asks the identity provider for; some need one more for groups. `offline_access` is what makes it give a refresh token.' },
  OIDC_KEYS_MAX_LIFETIME: { value: '90d', allowed: `${keyLifetime}, or off`, about: 'How long the keys live at most that people who signed in at the identity provider make at `/keys` (docs/browser.md), within `KEYS_MAX_LIFETIME`; `off`: they make none.' },
  OIDC_REFRESH_SECONDS: { value: '300', allowed: lifetime, about: 'Seconds after which the identity provider is asked again what a person may do.' },
  PUBLIC_URL: { allowed: 'an http:// or https:// origin without a path', about: 'The public origin that people use. Unset: taken from the request.' },
  CORS_ALLOWED_ORIGINS: { allowed: 'a list of http:// or https:// origins without a path, separated by commas (not `*`, which would let any page use a key that it gets hold of)', about: 'Other origins whose pages may call with a key in a header, never with a cookie. Unset: none.' },
  TRUST_PROXY: { allowed: 'a list of addresses (without a zone) or CIDR ranges, separated by commas', about: 'Load balancers whose `X-Forwarded-*` and `X-Request-Id` headers are trusted.' },
  LEGACY_PATHS: { value: 'redirect', allowed: '`redirect`, `forward` or `gone`', about: 'How old paths respond: `redirect` redirects GET and HEAD and serves the rest in place, `forward` serves everything in place, `gone` answers 410.' },
  LEGACY_DEPRECATED: { value: released, allowed: day, about: 'Date since which old paths are deprecated (RFC 9745).' },
  LEGACY_SUNSET: { allowed: day, about: 'Date on which old paths end (RFC 8594).' },
  PLATFORM_UPSTREAM_URL: { allowed: url, about: 'The platform\'s other API: requests for paths that the facade does not serve are forwarded to it untouched, with the caller\'s own credentials. Unset: 404.' },
  ALLOW_ASSISTANT: { value: 'false', allowed: '`true` or `false`', about: 'Allows administrators to use MLflow\'s assistant, which runs tools on the server\'s host.' },
  POLICY_MODEL_SOURCES: { allowed: placeList, about: 'What the `source` of a model version may begin with (docs/policy.md). Unset: what MLflow allows; with the built-in MLflow `mlflow-artifacts:,runs:,models:`.' },
  POLICY_ARTIFACT_LOCATIONS: { allowed: placeList, about: 'What the `artifact_location` of an experiment, and the artifact root of a workspace, may begin with (docs/policy.md). Unset: what MLflow allows; with the built-in MLflow `mlflow-artifacts:`.' },
  POLICY_WEBHOOK_URLS: { allowed: placeList, about: 'What the `url` of a webhook may begin with (docs/policy.md). Unset: what MLflow allows.' },
  BODY_MAX_BYTES: { value: String(64 * 1024 ** 2), allowed: 'a number of bytes above 0', about: 'Maximum body size, except for artifact transfers; larger bodies get 413.' },
  SPOOL_MAX_BYTES: { value: String(5 * 1024 ** 3), allowed: 'a number of bytes', about: 'Maximum size of a chunked upload that is spooled to disk for an MLflow that reads chunked bodies as empty; larger uploads get 413.' },
  SPOOL_TOTAL_BYTES: { allowed: 'a number of bytes', about: 'Disk space for all spooled uploads together; one key may use half of it. An upload gets 503 if there is no room before its first byte, or when it uses up the rest. Default: half of the free space in `DATA_DIR` at start, at most 20 GiB. 256 MiB always stay free.' },
  TRANSFERS_PER_KEY: { value: '32', allowed: 'a whole number above 0', about: 'Maximum concurrent artifact transfers and spooled uploads per key; more get 429.' },
  REQUESTS_PER_KEY: { value: '256', allowed: 'a whole number above 0', about: 'Maximum concurrent requests to MLflow per key; more get 429.' },
  AUDIT_LOG: { value: 'stdout', secret: true, allowed: `stdout, off, the path of a file (with a slash or a dot in it), or ${postgresAllowed}`, about: 'Where audit events go (docs/audit.md): JSON lines on standard output beside the log or in a file, or a table in PostgreSQL.' },
  AUDIT_LOG_MAX_BYTES: { value: String(64 * 1024 ** 2), allowed: 'a number of bytes above 0', about: 'Size at which the file of `AUDIT_LOG` is put aside as `FILE.1`.' },
  AUDIT_LOG_FILES: { value: '10', allowed: 'a whole number from 1 to 1000', about: 'Files of audit events that are kept, the current one included.' },
  AUDIT_RETENTION_DAYS: { value: '365', allowed: 'a whole number from 1 to 36500, or none', about: 'Days after which audit events are deleted from PostgreSQL; `none` keeps them.' },
  OTEL_EXPORTER_OTLP_ENDPOINT: { allowed: url, about: 'OpenTelemetry collector (OTLP over HTTP): the facade sends it a span of each request and of its call to MLflow, at `/v1/traces` below it (docs/traces.md). Unset: no spans.' },
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: { allowed: url, about: 'Where spans go, with its whole path, if not below `OTEL_EXPORTER_OTLP_ENDPOINT`.' },
  OTEL_EXPORTER_OTLP_HEADERS: { secret: true, allowed: 'a list such as `name=value,name=value`, percent-encoded', about: 'Headers that the collector requires.' },
  OTEL_SERVICE_NAME: { value: 'hokusai-mlflow', allowed: 'printable text', about: 'What spans call the facade.' },
  OTEL_TRACES_SAMPLER: { value: 'parentbased_always_on', allowed: '`always_on`, `always_off`, `traceidratio`, `parentbased_always_on`, `parentbased_always_off` or `parentbased_traceidratio`', about: 'Which requests have spans; `parentbased_…`: those whose `traceparent` says so, and of the others as the rest says.' },
  OTEL_TRACES_SAMPLER_ARG: { value: '1', allowed: 'a number from 0 to 1', about: 'The share of traces for `traceidratio`.' },
  SHUTDOWN_DELAY: { value: '0', allowed: duration, about: 'Seconds between SIGTERM (when `/ready` turns 503) and refusing new connections.' },
  SHUTDOWN_GRACE: { value: '25', allowed: duration, about: 'Seconds that running requests have to finish.' },
  LOG_LEVEL: { value: 'info', allowed: '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`', about: 'Minimum severity to log.' },
  LOG_FORMAT: { value: 'auto', allowed: '`auto`, `json` or `pretty`', about: '`json`: a line of JSON for each record; `pretty`: lines for people, in which health probes appear at `LOG_LEVEL=debug` only; `auto`: `pretty` on a terminal, `json` otherwise.' }
} satisfies Record<string, Setting>

export type Name = keyof typeof table

export const settings: Readonly<Record<Name, Setting>> = table

export function mayBeFile ({ secret, long }: Setting): boolean {
  return secret === true || long === true
}

/** The known name with the smallest edit distance to a misspelt one. */
export function nearest (name: string, known: readonly string[]): string {
  const ranked = known.map(candidate => ({ candidate, distance: editDistance(name, candidate) })).sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate ?? ''
}

/** Edits of one character that make one word the other. */
export function editDistance (a: string, b: string): number {
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
