/** Where an MLflow server keeps its families of paths: recognised from a few answers, since no version says so itself. */
import type { Family } from '../access/classes.js'
import { compareVersions } from './versions.js'

/** The layout of one MLflow server. */
export interface Layout {
  readonly version: string
  /** Its static prefix, empty where it has none. */
  readonly prefix: string
  /** REST lives under the prefix (3.12 and later), not at the root. */
  readonly restUnderPrefix: boolean
  /** `/health`, `/version` and `/graphql` stay at the root in spite of a prefix (2.x). */
  readonly healthAtRoot: boolean
  /**
   * Artifact bytes have a route at the root that streams (3.12 and later); the one under the prefix buffers: a 200 MB
   * upload grew the server by 372 MB.
   */
  readonly streamsArtifacts: boolean
  /** Flask routes take a chunked body for empty and answer 200 (every 3.x up to 3.18.0; 2.22.5 on gunicorn reads it). */
  readonly chunkedIsEmpty: boolean
  /** Whether it keeps workspaces apart (`--enable-workspaces`); undefined: it does not say, since it knows none (before 3.10). */
  readonly workspaces: boolean | undefined
}

/** What the paths of a recognition answered; an HTML 404 is MLflow's way to say that a route is not there. */
export interface Answers {
  readonly version: Answer
  readonly prefixedVersion: Answer
  readonly rest: Answer
  readonly prefixedRest: Answer
  readonly prefixedAjax: Answer
  /** GET of an artifact that does not exist, at the root. */
  readonly artifact: Answer
  /** POST of a chunked search that is valid, where REST lives. */
  readonly chunked: Answer
  /** GET of what the server says of itself, where REST lives. */
  readonly serverInfo: Answer
}

export interface Answer {
  readonly status: number
  readonly contentType: string
  readonly body: string
}

const versionText = /^\d+\.\d+\.\d+(?!\d)\S*$/

/**
 * Tells the layout from the answers, or why it cannot be told.
 * @param prefix the path of MLflow's URL, or the one to try
 */
export function recognise (answers: Answers, prefix: string): Layout | string {
  if (!isRest(answers.rest) && !isRest(answers.prefixedRest)) return complaint(answers)
  const fault = [answers.chunked, answers.serverInfo].find(isPassing)
  if (fault !== undefined || !tellsWorkspaces(answers.serverInfo)) {
    return `MLflow answers ${(fault ?? answers.serverInfo).status} to the probes of its version`
  }
  const rootVersion = versionIn(answers.version)
  return {
    version: rootVersion ?? versionIn(answers.prefixedVersion) ?? 'unknown',
    // Every version keeps what its pages call under the prefix, and only there.
    prefix: isRest(answers.prefixedAjax) ? prefix : '',
    restUnderPrefix: isRest(answers.prefixedRest),
    healthAtRoot: rootVersion !== undefined,
    // The native route answers in compact JSON, Flask's with spaces (3.17.2, 3.18.0).
    streamsArtifacts: answers.artifact.body.startsWith('{"error_code":"'),
    chunkedIsEmpty: answers.chunked.status === 400,
    workspaces: workspacesIn(answers.serverInfo)
  }
}

/** The prefix under which this server keeps a request, empty for its root. */
export function prefixFor (layout: Layout, family: Family, method: string): string {
  if (layout.prefix === '') return ''
  switch (family) {
    case 'build':
      return ''
    case 'artifacts': case 'ajax-artifacts':
      // The route that streams knows GET and PUT only; HEAD, DELETE and lists are Flask's.
      if (layout.restUnderPrefix && layout.streamsArtifacts && (method === 'GET' || method === 'PUT')) return ''
      return layout.restUnderPrefix || family === 'ajax-artifacts' ? layout.prefix : ''
    case 'rest': case 'auth': case 'otlp': case 'gateway': case 'native-ajax': case 'assistant':
      return layout.restUnderPrefix ? layout.prefix : ''
    case 'health': case 'graphql':
      return layout.healthAtRoot ? '' : layout.prefix
    case 'ajax': case 'ui':
      return layout.prefix
  }
}

/**
 * Whether the gateway of this MLflow takes credentials in `X-MLflow-Authorization`, which it never hands on (3.15 on);
 * `Authorization` may go to the provider.
 */
export function hidesGatewayCredentials ({ version }: Layout): boolean {
  return compareVersions(version, '3.15') >= 0
}

/** Whether this MLflow refuses GraphQL queries that are too large: 3.9 does, 2.22.5 takes any; of what lies between, that is not known. */
export function boundsGraphql ({ version }: Layout): boolean {
  return compareVersions(version, '3.9') >= 0
}

/** Whether a chunked body sent there would be taken for empty: Flask's routes, but not what runs beside Flask. */
export function losesChunks (layout: Layout, family: Family, method: string): boolean {
  const streams = layout.streamsArtifacts && method === 'PUT' && (family === 'artifacts' || family === 'ajax-artifacts')
  return (
    layout.chunkedIsEmpty && !streams && family !== 'otlp' && family !== 'gateway' && family !== 'native-ajax' && family !== 'assistant'
  )
}

function versionIn ({ status, body }: Answer): string | undefined {
  return status === 200 && versionText.test(body.trim()) ? body.trim() : undefined
}

/** Whether an answer tells of the moment, not of the server: what it seems to say would be believed until MLflow is started again. */
function isPassing ({ status }: Answer): boolean {
  return status === 401 || status === 429 || status >= 500
}

/** Whether `server-info` can be believed: 404 is how an MLflow answers that has none. */
export function tellsWorkspaces ({ status }: Answer): boolean {
  return status === 200 || status === 404
}

/** What `server-info` tells of workspaces; undefined where it does not. */
export function workspacesIn ({ status, body }: Answer): boolean | undefined {
  const told = status === 200 ? /"workspaces_enabled":\s*(true|false)\b/.exec(body)?.[1] : undefined
  return told === undefined ? undefined : told === 'true'
}

function isRest ({ status, contentType, body }: Answer): boolean {
  return contentType.startsWith('application/json') && (status === 200 || body.includes('"error_code"'))
}

function complaint ({ rest, prefixedRest }: Answers): string {
  const text = rest.body + prefixedRest.body
  if (text.includes('Invalid Host header')) {
    return 'MLflow refuses our Host header: add it to MLflow\'s --allowed-hosts, or set MLFLOW_UPSTREAM_HOST'
  }
  if (rest.status === 401 || prefixedRest.status === 401) return 'MLflow requires credentials: set MLFLOW_UPSTREAM_AUTHORIZATION'
  if (rest.status >= 500 || prefixedRest.status >= 500) return `MLflow answers ${Math.max(rest.status, prefixedRest.status)}`
  return 'the server that answers is not MLflow'
}
