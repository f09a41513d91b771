/** The configuration: environment names, their defaults and their rules. Read once, checked whole, then a frozen value. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { readPostgresUrl, type PostgresAddress, type ReadText } from './postgres-url.js'
import { nearest, notServed, settings, type Name } from './settings.js'
import { UserError } from './user-error.js'

export interface Config {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly metrics: { readonly host: string, readonly port: number } | undefined
  readonly dataDir: string
  readonly upstream: UpstreamConfig
  /** The Python that makes the environment of an MLflow of our own. */
  readonly mlflowPython: string
  readonly keys: KeysConfig
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
  readonly bodyMaxBytes: number
  readonly spoolMaxBytes: number
  /** Undefined: half of what is free at the start, 20 GiB at most. */
  readonly spoolTotalBytes: number | undefined
  readonly transfersPerKey: number
  readonly requestsPerKey: number
  readonly shutdownDelayMs: number
  readonly shutdownGraceMs: number
  readonly logLevel: string
}

export interface UpstreamConfig {
  /** Undefined: an MLflow of our own is started. */
  readonly url: URL | undefined
  /** Value of the Authorization header that MLflow wants from us. */
  readonly authorization: string | undefined
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

type Env = Readonly<Record<string, string | undefined>>

/**
 * Reads the configuration from the environment.
 * @param readText reads a file named by a `…_FILE` setting
 * @throws ConfigError that names every problem
 */
export function loadConfig (env: Env, readText: (path: string) => string): Config {
  const problems = [...unknownNames(env), ...namesNotServed(env)]
  const files = new Map<string, string | undefined>()
  const file = (name: string, path: string): string | undefined => {
    if (files.has(name)) return files.get(name)
    let content: string | undefined
    try { content = readText(path).trim() } catch (error) {
      problems.push(`${name}: cannot read the file that it names (${(error as NodeJS.ErrnoException).code ?? 'unreadable'})`) // not which: a secret itself may stand in its place
    }
    files.set(name, content)
    return content
  }
  const text = (name: Name): string | undefined => {
    const own = env[name] === '' ? undefined : env[name]
    const path = settings[name].secret === true ? env[`${name}_FILE`] : undefined
    if (path === undefined || path === '') return own
    if (own !== undefined) problems.push(`${name} and ${name}_FILE are both set: keep one`)
    return file(`${name}_FILE`, path)
  }
  /** Applies one rule to one value; a broken rule is a problem and gives undefined. */
  const value = <T>(name: Name, rule: (given: string) => T | undefined): T | undefined => {
    const given = text(name) ?? settings[name].value
    if (given === undefined) return undefined
    const result = rule(given)
    if (result === undefined) problems.push(`${name} is ${settings[name].secret === true || name.endsWith('_FILE') ? 'set to a value' : `"${shorten(given)}"`} that is not ${settings[name].allowed}`)
    return result
  }
  const pem = (name: Name, check: (text: string) => unknown): string | undefined => value(name, path => {
    const content = file(name, path)
    if (content === undefined) return path // the unreadable file is a problem already
    try { check(content); return content } catch { return undefined }
  })

  const host = value('HOST', hostname) ?? ''
  const dataDir = value('DATA_DIR', given => given) ?? ''
  const metricsPort = value('METRICS_PORT', given => given === 'off' ? given : port(given))
  const publicPort = value('PORT', port) ?? 0
  if (publicPort !== 0 && metricsPort === publicPort) problems.push('METRICS_PORT is the same as PORT: the metrics have a port of their own')
  const certificate = (text: string): X509Certificate => new X509Certificate(text)
  const tls = { ca: pem('MLFLOW_UPSTREAM_CA_FILE', certificate), cert: pem('MLFLOW_UPSTREAM_CERT_FILE', certificate), key: pem('MLFLOW_UPSTREAM_KEY_FILE', createPrivateKey) }
  if ((tls.cert === undefined) !== (tls.key === undefined)) problems.push('MLFLOW_UPSTREAM_CERT_FILE and MLFLOW_UPSTREAM_KEY_FILE belong together: set both or none')
  const service = value('HOKUSAI_AUTH_SERVICE_URL', http)
  const keysUrl = text('KEYS_URL')
  if (service !== undefined && keysUrl !== undefined && http(keysUrl)?.href !== service.href) problems.push('KEYS_URL and HOKUSAI_AUTH_SERVICE_URL name two different key stores: keep one')
  const deprecatedAt = value('LEGACY_DEPRECATED', date)
  const sunsetAt = value('LEGACY_SUNSET', date)
  if (deprecatedAt !== undefined && sunsetAt !== undefined && sunsetAt < deprecatedAt) problems.push('LEGACY_SUNSET lies before LEGACY_DEPRECATED: RFC 8594 wants it later')
  const upstreamUrl = value('MLFLOW_UPSTREAM_URL', http)
  if (upstreamUrl?.protocol === 'http:' && Object.values(tls).some(part => part !== undefined)) problems.push('MLFLOW_UPSTREAM_CA_FILE, …_CERT_FILE and …_KEY_FILE have no effect on an http:// MLFLOW_UPSTREAM_URL: use https:// or unset them')
  const platformUrl = value('PLATFORM_UPSTREAM_URL', http)
  if (platformUrl !== undefined && platformUrl.origin === upstreamUrl?.origin) problems.push('PLATFORM_UPSTREAM_URL is where MLFLOW_UPSTREAM_URL is: callers without a key would reach MLflow')

  const config: Partial<Config> = {
    host,
    port: publicPort,
    metrics: metricsPort === 'off' || metricsPort === undefined ? undefined : { host: value('METRICS_HOST', hostname) ?? host, port: metricsPort },
    dataDir,
    upstream: {
      url: upstreamUrl,
      authorization: value('MLFLOW_UPSTREAM_AUTHORIZATION', headerText),
      host: value('MLFLOW_UPSTREAM_HOST', hostAndPort),
      tls: Object.fromEntries(Object.entries(tls).filter(([, part]) => part !== undefined)),
      timeoutMs: value('MLFLOW_UPSTREAM_TIMEOUT', timeout) ?? 0,
      idleTimeoutMs: value('MLFLOW_UPSTREAM_IDLE_TIMEOUT', timeout) ?? 0,
      connections: value('MLFLOW_UPSTREAM_CONNECTIONS', connections) ?? 0
    },
    mlflowPython: value('MLFLOW_PYTHON', given => given) ?? '',
    keys: {
      store: service !== undefined ? { kind: 'service', url: service } : value('KEYS_URL', given => readStoreUrl(given, path => file('KEYS_URL (sslrootcert)', path))) ?? { kind: 'sqlite', file: join(dataDir, 'keys.db') },
      cacheMs: value('KEYS_CACHE_SECONDS', seconds) ?? 0,
      staleMs: value('KEYS_STALE_SECONDS', seconds) ?? 0,
      serviceId: value('AUTH_SERVICE_ID', headerText) ?? '',
      emptyScopes: value('AUTH_EMPTY_SCOPES', oneOf('none', 'read')) ?? 'none'
    },
    publicUrl: value('PUBLIC_URL', origin),
    corsAllowedOrigins: value('CORS_ALLOWED_ORIGINS', origins) ?? new Set(),
    trustProxy: value('TRUST_PROXY', cidrs) ?? [],
    legacy: { mode: value('LEGACY_PATHS', oneOf('redirect', 'forward', 'gone')) ?? 'redirect', deprecatedAt: deprecatedAt ?? new Date(0), sunsetAt },
    platformUrl,
    allowAssistant: value('ALLOW_ASSISTANT', oneOf('true', 'false')) === 'true',
    bodyMaxBytes: value('BODY_MAX_BYTES', positiveCount) ?? 0,
    spoolMaxBytes: value('SPOOL_MAX_BYTES', count) ?? 0,
    spoolTotalBytes: value('SPOOL_TOTAL_BYTES', count),
    transfersPerKey: value('TRANSFERS_PER_KEY', positiveCount) ?? 0,
    requestsPerKey: value('REQUESTS_PER_KEY', positiveCount) ?? 0,
    shutdownDelayMs: value('SHUTDOWN_DELAY', seconds) ?? 0,
    shutdownGraceMs: value('SHUTDOWN_GRACE', seconds) ?? 0,
    logLevel: value('LOG_LEVEL', oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent')) ?? 'info'
  }
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.freeze(config as Config)
}

/** Names in our families that nobody reads are misspelt; what Kubernetes injects for services of such a name is not ours. */
function unknownNames (env: Env): string[] {
  const known = new Set(Object.entries(settings).flatMap(([name, { secret }]) => secret === true ? [name, `${name}_FILE`] : [name]))
  return Object.keys(env)
    .filter(name => /^(MLFLOW_UPSTREAM|KEYS|LEGACY)_/.test(name) && !known.has(name) && !/_SERVICE_HOST$|_PORT(_|$)/.test(name))
    .map(name => `${name} is not a setting: did you mean ${nearest(name, [...known])}?`)
}

function namesNotServed (env: Env): string[] {
  return Object.keys(env)
    .filter(name => notServed.test(name) && env[name] !== '' && env[name] !== undefined)
    .map(name => `${name} is set, and this version does not know it: nothing of what it is for is in force, so unset it`)
}

function shorten (given: string): string {
  // A password may stand in any URL, also in one without its scheme or given to the wrong setting, and hold a slash; a secret in a query.
  const [line = ''] = given.split('\n')
  const safe = line.replace(/^([a-z][a-z\d+.-]*:\/\/)?.*@/i, '$1***@').replace(/\b(bearer|basic|apikey)\s+\S+/gi, '$1 ***').replace(/[?#].*/, '?***').replace(/hk_(live|test)_\w+/g, 'hk_$1_***')
  return safe.length > 80 ? `${safe.slice(0, 80)}…` : safe
}

function port (given: string): number | undefined {
  return /^\d{1,5}$/.test(given) && Number(given) <= 65535 ? Number(given) : undefined
}

function count (given: string): number | undefined {
  return /^\d{1,15}$/.test(given) ? Number(given) : undefined
}

function positiveCount (given: string): number | undefined {
  return count(given) === 0 ? undefined : count(given)
}

/** As many as one address has ports. */
function connections (given: string): number | undefined {
  const asked = positiveCount(given)
  return asked !== undefined && asked <= 65_535 ? asked : undefined
}

/** Eleven days: two of them and a little still fit into a timer of Node. */
const secondsMax = 1_000_000

/** Seconds, fractions allowed, as milliseconds. */
function seconds (given: string): number | undefined {
  const ms = Math.round(Number(given) * 1000)
  return /^\d+(\.\d+)?$/.test(given) && ms <= secondsMax * 1000 ? ms : undefined
}

/** Below a tenth of a second a healthy MLflow would look like one that hangs. */
function timeout (given: string): number | undefined {
  const ms = seconds(given)
  return ms !== undefined && ms >= 100 ? ms : undefined
}

function hostname (given: string): string | undefined {
  return isIP(given) !== 0 || /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i.test(given) ? given : undefined
}

function hostAndPort (given: string): string | undefined {
  return /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?$/i.test(given) ? given : undefined
}

function headerText (given: string): string | undefined {
  return /^[\x20-\x7e]+$/.test(given) ? given : undefined
}

/** A URL that means what it says: parsing it would drop dot segments and encode spaces, and nothing sends user and password anywhere. */
function http (given: string): URL | undefined {
  if (!/^https?:\/\/[^\s\\]+$/i.test(given) || /\/(\.|%2e){1,2}(\/|$)/i.test(given) || !URL.canParse(given)) return undefined
  const url = new URL(given)
  const isPlain = url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  return isPlain && url.port !== '0' ? url : undefined
}

function origin (given: string): URL | undefined {
  const url = http(given)
  return url?.pathname === '/' ? url : undefined
}

function origins (given: string): ReadonlySet<string> | undefined {
  const list = given.split(',').map(part => part.trim()).filter(part => part !== '').map(origin)
  return list.includes(undefined) || given.includes('*') ? undefined : new Set(list.flatMap(url => url?.origin ?? []))
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

function cidrs (given: string): string[] | undefined {
  const list = given.split(',').map(part => part.trim()).filter(part => part !== '')
  const valid = list.every(part => {
    const [address = '', bits, ...more] = part.split('/')
    const width = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1
    return width >= 0 && more.length === 0 && !address.includes('%') && (bits === undefined ? !part.includes('/') : /^\d{1,3}$/.test(bits) && Number(bits) <= width)
  })
  return valid ? list : undefined
}

function date (given: string): Date | undefined {
  const at = new Date(`${given}T00:00:00Z`)
  // `new Date` rolls 2027-02-30 over into March; the round trip shows it.
  return /^\d{4}-\d{2}-\d{2}$/.test(given) && !Number.isNaN(at.getTime()) && at.toISOString().startsWith(given) ? at : undefined
}

function oneOf<T extends string> (...allowed: T[]): (given: string) => T | undefined {
  return given => allowed.find(word => word === given)
}
