/** The configuration: environment names, their defaults and their rules. Read once, checked whole, then a frozen value. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { auditFrom, type AuditConfig } from './audit-settings.js'
import { oidcFrom, type OidcConfig } from './oidc.js'
import { readPostgresUrl, type PostgresAddress, type ReadText } from './postgres-url.js'
import { readRedisUrl, type RedisAddress } from './redis-url.js'
import { policyFrom, type PlacePolicy } from './policy-settings.js'
import { readSettings, type Env, type SettingReader } from './setting-reader.js'
import {
  cidrs, connections, count, date, headerText, hostAndPort, hostname, http, keyLifetime, lifetime, oneOf, origin, origins, port,
  positiveCount, rate, seconds, secret, timeout, workers
} from './setting-values.js'
import { mayBeFile, nearest, settings } from './settings.js'
import { tracingFrom, type TracingConfig } from './tracing-settings.js'
import { checkIdentity, type TlsFiles, type TlsIdentity } from './tls-identity.js'
import { UserError } from '../user-error.js'

export interface Config {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** HTTPS of our own; undefined: HTTP. */
  readonly tls: (TlsFiles & TlsIdentity) | undefined
  readonly metrics: { readonly host: string, readonly port: number } | undefined
  readonly dataDir: string
  /** Processes that serve; 1: this one, alone. */
  readonly workers: number
  readonly upstream: UpstreamConfig
  /** The Python that makes the environment of an MLflow of our own. */
  readonly mlflowPython: string
  readonly keys: KeysConfig
  readonly sessions: SessionsConfig
  /** Whose tokens count; undefined: nobody's. */
  readonly oidc: OidcConfig | undefined
  /** Calls an hour of keys that are made without a rate; undefined: no limit. */
  readonly defaultRate: number | undefined
  /** How far ahead the expiry of a key may lie, milliseconds; undefined: as far as one likes. */
  readonly keyLifetimeMs: number | undefined
  /** Where limits are counted with other facades; undefined: each counts by itself. */
  readonly redis: RedisAddress | undefined
  /** The origin that people use, where it is known. */
  readonly publicUrl: URL | undefined
  /** Origins of other pages that may call, as browsers send them. */
  readonly corsAllowedOrigins: ReadonlySet<string>
  /** Addresses and CIDR ranges of load balancers whose forwarded headers count. */
  readonly trustProxy: readonly string[]
  readonly legacy: LegacyConfig
  /** The platform's other API, which gets all that is none of our paths. */
  readonly platformUrl: URL | undefined
  readonly allowAssistant: boolean
  readonly policy: PlacePolicy
  readonly bodyMaxBytes: number
  readonly spoolMaxBytes: number
  /** Undefined: half of what is free at the start, 20 GiB at most. */
  readonly spoolTotalBytes: number | undefined
  readonly transfersPerKey: number
  readonly requestsPerKey: number
  readonly audit: AuditConfig
  /** Where spans go; undefined: none are made. */
  readonly tracing: TracingConfig | undefined
  readonly shutdownDelayMs: number
  readonly shutdownGraceMs: number
  readonly logLevel: string
  readonly logFormat: 'auto' | 'json' | 'pretty'
}

export interface UpstreamConfig {
  /** Undefined: an MLflow of our own is started. */
  readonly url: URL | undefined
  /** Value of the Authorization header that MLflow wants from us. */
  readonly authorization: string | undefined
  /** By which MLflow believes whose key a call came with; undefined: it is not told so. */
  readonly identitySecret: string | undefined
  /** Host header towards MLflow, where it is not the URL's. */
  readonly host: string | undefined
  /** PEM texts for TLS and mutual TLS. */
  readonly tls: { readonly ca?: string, readonly cert?: string, readonly key?: string }
  readonly timeoutMs: number
  readonly idleTimeoutMs: number
  /** Connections at once. */
  readonly connections: number
}

export interface KeysConfig {
  readonly store: StoreConfig
  readonly cacheMs: number
  readonly staleMs: number
  readonly serviceId: string
  readonly emptyScopes: 'none' | 'read'
  /** How many processes share what an auth service may be asked; 1 where nothing is said. */
  readonly sharedBy?: number
}

export interface SessionsConfig {
  /** Undefined: made where it is needed. */
  readonly secret: string | undefined
  readonly idleMs: number
  readonly maxMs: number
}

export type StoreConfig =
  | { readonly kind: 'sqlite', readonly file: string }
  | { readonly kind: 'postgres', readonly address: PostgresAddress }
  | { readonly kind: 'service', readonly url: URL }

export interface LegacyConfig {
  readonly mode: 'redirect' | 'forward' | 'gone'
  readonly deprecatedAt: Date
  readonly sunsetAt: Date | undefined
}

/** Every problem of a configuration at once, a sentence each; never a secret's value. */
export class ConfigError extends UserError {
  override readonly exitCode = 2
  readonly problems: readonly string[]
  constructor (problems: readonly string[]) {
    super(`${problems.length === 1 ? 'The configuration has a problem' : `The configuration has ${problems.length} problems`}:\n${problems.map(problem => `  - ${problem}`).join('\n')}`)
    this.problems = problems
  }
}

/**
 * Reads the configuration from the environment.
 * @param readText reads a file named by a `…_FILE` setting
 * @throws ConfigError that names every problem
 */
export function loadConfig (env: Env, readText: (path: string) => string): Config {
  const reader = readSettings(env, readText)
  const { problems, value } = reader
  problems.push(...unknownNames(env))
  const host = value('HOST', hostname) ?? ''
  const dataDir = value('DATA_DIR', given => given) ?? ''
  const publicPort = value('PORT', port) ?? 0
  const upstream = upstreamFrom(reader)
  const config: Config = {
    host,
    port: publicPort,
    tls: tlsFrom(reader),
    metrics: metricsFrom(reader, host, publicPort),
    dataDir,
    workers: value('WORKERS', workers) ?? 1,
    upstream,
    mlflowPython: value('MLFLOW_PYTHON', given => given) ?? '',
    keys: keysFrom(reader, dataDir),
    sessions: {
      secret: value('SESSION_SECRET', secret),
      idleMs: value('SESSION_IDLE_SECONDS', lifetime) ?? 0,
      maxMs: value('SESSION_MAX_SECONDS', lifetime) ?? 0
    },
    oidc: oidcFrom(reader),
    defaultRate: value('KEYS_DEFAULT_RATE', rate) ?? undefined,
    keyLifetimeMs: value('KEYS_MAX_LIFETIME', keyLifetime),
    redis: value('REDIS_URL', readRedisUrl),
    publicUrl: value('PUBLIC_URL', origin),
    corsAllowedOrigins: value('CORS_ALLOWED_ORIGINS', origins) ?? new Set(),
    trustProxy: value('TRUST_PROXY', cidrs) ?? [],
    legacy: legacyFrom(reader),
    platformUrl: platformFrom(reader, upstream.url),
    allowAssistant: value('ALLOW_ASSISTANT', oneOf('true', 'false')) === 'true',
    policy: policyFrom(reader, upstream.url === undefined),
    bodyMaxBytes: value('BODY_MAX_BYTES', positiveCount) ?? 0,
    spoolMaxBytes: value('SPOOL_MAX_BYTES', count) ?? 0,
    spoolTotalBytes: value('SPOOL_TOTAL_BYTES', count),
    transfersPerKey: value('TRANSFERS_PER_KEY', positiveCount) ?? 0,
    requestsPerKey: value('REQUESTS_PER_KEY', positiveCount) ?? 0,
    audit: auditFrom(reader),
    tracing: tracingFrom(reader),
    shutdownDelayMs: value('SHUTDOWN_DELAY', seconds) ?? 0,
    shutdownGraceMs: value('SHUTDOWN_GRACE', seconds) ?? 0,
    logLevel: value('LOG_LEVEL', oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')) ?? 'info',
    logFormat: value('LOG_FORMAT', oneOf('auto', 'json', 'pretty')) ?? 'auto'
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config)
}

function tlsFrom ({ problems, value, pem }: SettingReader): Config['tls'] {
  const before = problems.length
  const certFile = value('TLS_CERT_FILE', path => path)
  const keyFile = value('TLS_KEY_FILE', path => path)
  if ((certFile === undefined) !== (keyFile === undefined)) problems.push('TLS_CERT_FILE and TLS_KEY_FILE belong together: set both or none')
  const cert = pem('TLS_CERT_FILE', text => new X509Certificate(text))
  const key = pem('TLS_KEY_FILE', createPrivateKey)
  if (problems.length > before) return undefined
  if (certFile === undefined || keyFile === undefined || cert === undefined || key === undefined) return undefined
  try {
    checkIdentity({ cert, key })
    return { certFile, keyFile, cert, key }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    problems.push(code === 'ERR_OSSL_X509_KEY_VALUES_MISMATCH'
      ? 'TLS_KEY_FILE is not the key of the certificate in TLS_CERT_FILE'
      : `TLS_CERT_FILE and TLS_KEY_FILE are not accepted by OpenSSL (${code ?? 'unknown'})`)
    return undefined
  }
}

function metricsFrom ({ problems, value }: SettingReader, host: string, publicPort: number): Config['metrics'] {
  const asked = value('METRICS_PORT', given => given === 'off' ? given : port(given))
  if (publicPort !== 0 && asked === publicPort) problems.push('METRICS_PORT is the same as PORT: the metrics need a separate port')
  return asked === 'off' || asked === undefined ? undefined : { host: value('METRICS_HOST', hostname) ?? host, port: asked }
}

function upstreamFrom ({ problems, value, pem }: SettingReader): UpstreamConfig {
  const certificate = (text: string): X509Certificate => new X509Certificate(text)
  const tls = {
    ca: pem('MLFLOW_UPSTREAM_CA_FILE', certificate),
    cert: pem('MLFLOW_UPSTREAM_CERT_FILE', certificate),
    key: pem('MLFLOW_UPSTREAM_KEY_FILE', createPrivateKey)
  }
  if ((tls.cert === undefined) !== (tls.key === undefined)) problems.push('MLFLOW_UPSTREAM_CERT_FILE and MLFLOW_UPSTREAM_KEY_FILE belong together: set both or none')
  const url = value('MLFLOW_UPSTREAM_URL', http)
  const parts = Object.entries(tls).filter(([, part]) => part !== undefined)
  if (url?.protocol === 'http:' && parts.length > 0) problems.push('MLFLOW_UPSTREAM_CA_FILE, …_CERT_FILE and …_KEY_FILE have no effect on an http:// MLFLOW_UPSTREAM_URL: use https:// or unset them')
  return {
    url,
    authorization: value('MLFLOW_UPSTREAM_AUTHORIZATION', headerText),
    identitySecret: value('MLFLOW_UPSTREAM_IDENTITY_SECRET', secret),
    host: value('MLFLOW_UPSTREAM_HOST', hostAndPort),
    tls: Object.fromEntries(parts),
    timeoutMs: value('MLFLOW_UPSTREAM_TIMEOUT', timeout) ?? 0,
    idleTimeoutMs: value('MLFLOW_UPSTREAM_IDLE_TIMEOUT', timeout) ?? 0,
    connections: value('MLFLOW_UPSTREAM_CONNECTIONS', connections) ?? 0
  }
}

function keysFrom ({ problems, text, file, value }: SettingReader, dataDir: string): KeysConfig {
  const service = value('HOKUSAI_AUTH_SERVICE_URL', http)
  const url = text('KEYS_URL')
  if (service !== undefined && url !== undefined && http(url)?.href !== service.href) problems.push('KEYS_URL and HOKUSAI_AUTH_SERVICE_URL name two different key stores: keep one')
  const named = service === undefined
    ? value('KEYS_URL', given => readStoreUrl(given, path => file('KEYS_URL (sslrootcert)', path)))
    : { kind: 'service' as const, url: service }
  return {
    store: named ?? { kind: 'sqlite', file: join(dataDir, 'keys.db') },
    cacheMs: value('KEYS_CACHE_SECONDS', seconds) ?? 0,
    staleMs: value('KEYS_STALE_SECONDS', seconds) ?? 0,
    serviceId: value('AUTH_SERVICE_ID', headerText) ?? '',
    emptyScopes: value('AUTH_EMPTY_SCOPES', oneOf('none', 'read')) ?? 'none'
  }
}

function legacyFrom ({ problems, value }: SettingReader): LegacyConfig {
  const deprecatedAt = value('LEGACY_DEPRECATED', date)
  const sunsetAt = value('LEGACY_SUNSET', date)
  if (deprecatedAt !== undefined && sunsetAt !== undefined && sunsetAt < deprecatedAt) problems.push('LEGACY_SUNSET is earlier than LEGACY_DEPRECATED: old paths cannot end before they are deprecated')
  const mode = value('LEGACY_PATHS', oneOf('redirect', 'forward', 'gone')) ?? 'redirect'
  return { mode, deprecatedAt: deprecatedAt ?? new Date(0), sunsetAt }
}

function platformFrom ({ problems, value }: SettingReader, mlflow: URL | undefined): URL | undefined {
  const url = value('PLATFORM_UPSTREAM_URL', http)
  if (url !== undefined && url.origin === mlflow?.origin) problems.push('PLATFORM_UPSTREAM_URL has the origin of MLFLOW_UPSTREAM_URL: callers without a key would reach MLflow')
  return url
}

/** Names that are read. */
const known: ReadonlySet<string> = new Set(Object.entries(settings).flatMap(([name, setting]) => mayBeFile(setting) ? [name, `${name}_FILE`] : [name]))

/** Names in our families that nobody reads are misspelt; what Kubernetes injects for services of such a name is not ours. */
function unknownNames (env: Env): string[] {
  return Object.keys(env)
    .filter(name => /^(MLFLOW_UPSTREAM|KEYS|LEGACY|AUDIT|OIDC|POLICY)_/.test(name) && !known.has(name) && !/_SERVICE_HOST$|_PORT(_|$)/.test(name))
    .map(name => `${name} is not a setting: did you mean ${nearest(name, [...known])}?`)
}

/** Which store a KEYS_URL names; undefined: it is not allowed. */
export function readStoreUrl (given: string, readText: ReadText): StoreConfig | undefined {
  const [, file] = /^sqlite:(.*)$/s.exec(given) ?? []
  if (file !== undefined) return ['', ':memory:'].includes(file.trim()) ? undefined : { kind: 'sqlite', file } // keys in memory would be gone with the process
  const address = readPostgresUrl(given, readText)
  if (address !== undefined) return { kind: 'postgres', address }
  const url = http(given)
  return url === undefined ? undefined : { kind: 'service', url }
}
