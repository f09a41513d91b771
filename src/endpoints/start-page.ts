/**
 * The start page: what this is, and how to point each kind of client at it. A page without any outside host for
 * browsers, text for curl, JSON for programs.
 */
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify'
import type { Permissions } from '../access/permissions.js'
import { withoutIncluded, type Scope } from '../access/scopes.js'
import { ownKeysPath, signInPath, signOutPath } from '../auth/sign-in.js'
import { mount } from '../core/public-paths.js'
import { publicHost, publicOrigin } from '../http/client-address.js'
import type { Caller } from '../keys/contract.js'
import { accountPrefix } from '../keys/key.js'
import type { Standing } from '../keys/limits/allowance.js'
import type { Limits } from '../keys/limits/local.js'
import { describeNewer, type NewerMlflow } from '../mlflow/newer.js'
import { copyHtml, copyScript } from './copy.js'
import { escape, pageHeaders, pageHtml } from './page.js'

interface Options {
  /** The origin that people use, where it is configured. */
  readonly publicUrl: URL | undefined
  /** The MLflow behind, where it is newer than what is known. */
  readonly newer: () => NewerMlflow | undefined
  /** Who has signed in in the browser that asks. */
  readonly signedIn?: (request: FastifyRequest) => Promise<Caller | undefined>
  /** Where what is left of a limit is looked up. */
  readonly limits?: Pick<Limits, 'take'>
  /** Whether people who signed in at the identity provider make keys of their own. */
  readonly hasOwnKeys?: boolean
}

interface Guide {
  readonly title: string
  readonly text: string
  readonly code: string
}

export default async function page (app: FastifyInstance, options: Options): Promise<void> {
  const { publicUrl, newer, signedIn = async () => undefined, limits, hasOwnKeys = false } = options
  app.route({
    method: ['GET', 'HEAD'],
    url: '/',
    schema: { hide: true } as FastifySchema, // for people; a document of an API does not list it
    config: { operation: 'start_page' },
    async handler (request, reply) {
      const origin = safeOrigin(request, publicUrl)
      const notice = noticeOf(newer())
      // The origin may come from the Host header: a shared cache must not hand it to others.
      void reply.headers({ 'cache-control': 'no-store', vary: 'Accept, Cookie', 'x-content-type-options': 'nosniff' })
      const accept = request.headers.accept ?? ''
      if (accept.includes('text/html')) {
        const caller = await signedIn(request)
        const signIn = caller === undefined ? signedOutHtml : signedInHtml(caller, await standingOf(caller, limits), hasOwnKeys)
        return reply.headers(headers).type('text/html; charset=utf-8').send(asHtml(origin, notice, signIn))
      }
      if (accept.includes('application/json')) return reply.type('application/json; charset=utf-8').send(asJson(origin, notice))
      return reply.type('text/plain; charset=utf-8').send(asText(origin, notice))
    }
  })
}

const about =
  'This is hokusai-mlflow: an MLflow tracking server and model registry, secured by API keys. Every MLflow client works with it, without a plug-in.'

const places: ReadonlyArray<readonly [path: string, what: string]> = [
  [`${mount}/`, 'MLflow\'s own pages'],
  ['/docs', 'the API, to read and to try'],
  ['/openapi.json', 'the API as an OpenAPI document'],
  ['/ready', 'whether it can serve, and if not, why']
]

/** KEY stands for the caller's key. */
function guides (origin: string): readonly Guide[] {
  const base = origin + mount
  return [
    {
      title: "Python, and every tool that uses MLflow's client",
      text: 'Set two environment variables; your code stays the same.',
      code: `export MLFLOW_TRACKING_URI=${base}\nexport MLFLOW_TRACKING_TOKEN=KEY\npython -c 'import mlflow; mlflow.start_run(); mlflow.log_metric("answer", 42)'`
    },
    {
      title: 'curl',
      text: "All paths of MLflow's REST API are below the tracking URI.",
      code: `curl -H 'Authorization: Bearer KEY' '${base}/api/2.0/mlflow/experiments/get?experiment_id=0'`
    },
    {
      title: 'Java',
      text: 'Pass the tracking URI and the key to the client of org.mlflow:mlflow-client.',
      code: `import org.mlflow.tracking.MlflowClient;\nimport org.mlflow.tracking.creds.BasicMlflowHostCreds;\n\nvar client = new MlflowClient(new BasicMlflowHostCreds("${base}", "KEY"));`
    },
    {
      title: 'OpenTelemetry',
      text: 'Send traces to MLflow as OTLP over HTTP; a header names the experiment.',
      code: `export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${base}/v1/traces\nexport OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf\nexport OTEL_EXPORTER_OTLP_TRACES_HEADERS='authorization=Bearer%20KEY,x-mlflow-experiment-id=0'`
    }
  ]
}

/**
 * Clients of the bare host print links such as `/#/experiments/1`; what follows the # never reaches a server, so only a
 * script can pass it on.
 */
const script = `const go = () => { if (location.hash.startsWith('#/')) location.replace('${mount}/' + location.hash) }; go(); addEventListener('hashchange', go)`

const headers = pageHeaders([script, copyScript])

function guideHtml ({ title, text, code }: Guide): string {
  return `<h2>${escape(title)}</h2>
<p>${escape(text)}</p>
${copyHtml(title, code)}`
}

function asHtml (origin: string, notice: string | undefined, signIn: string): string {
  const body = `<h1>hokusai-mlflow</h1>
<p>${escape(about)}</p>
${notice === undefined ? '' : `<p class="card">${escape(notice)}</p>\n`}${signIn}
<p>Tracking URI: <code>${escape(origin + mount)}</code></p>
<ul>
${places.map(([path, what]) => `<li><a href="${escape(path)}">${escape(path)}</a>: ${escape(what)}</li>`).join('\n')}
</ul>
${guides(origin).map(guideHtml).join('\n')}`
  return pageHtml({ title: 'hokusai-mlflow', body, script, scriptAtEnd: copyScript })
}

const signedOutHtml = `<div class="card row"><p>You are not signed in in this browser.</p>
<p><a class="button" href="${signInPath}?next=${encodeURIComponent('/')}">Sign in</a></p></div>`

const deeds: Readonly<Record<Scope, string>> = {
  'mlflow:read': 'look at everything',
  'mlflow:write': 'look at everything and change it',
  'mlflow:gateway': 'call models through the gateway',
  'mlflow:admin': 'administer'
}

/** What is left of the caller's limit; a look costs no call. */
async function standingOf ({ keyId, ratePerHour }: Caller, limits: Options['limits']): Promise<Standing | undefined> {
  return ratePerHour === undefined ? undefined : await limits?.take(keyId, ratePerHour, 0)
}

function limitOf ({ ratePerHour, expiresAt }: Caller, standing: Standing | undefined): string {
  const left = standing === undefined ? '' : `, ${standing.remaining} of them at once now`
  const calls = ratePerHour === undefined ? 'has no limit on calls' : `may make ${ratePerHour} calls an hour${left}`
  const end = expiresAt === undefined ? 'does not expire' : `expires at ${new Date(expiresAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return `Its key ${calls}, and ${end}.`
}

/** So many permissions are named; whoever wants all of them asks /whoami. */
const permissionsShown = 10

function boundsOf (permissions: Permissions | undefined): string {
  if (permissions === undefined) return ''
  const more = permissions.texts.length - permissionsShown
  return `Of that, its key is bound to ${permissions.texts.slice(0, permissionsShown).join(', ')}${more > 0 ? ` and ${more} more` : ''}. `
}

function signedInHtml (caller: Caller, standing: Standing | undefined, hasOwnKeys: boolean): string {
  const { name, userId, keyId, scopes, workspaces, permissions } = caller
  const keys = hasOwnKeys && keyId.startsWith(accountPrefix) ? ` · <a href="${ownKeysPath}">Your keys</a>` : ''
  const may = withoutIncluded(scopes).map(scope => deeds[scope])
  const where = workspaces.length === 0 ? '' : ` in ${workspaces.length === 1 ? 'the workspace' : 'the workspaces'} ${workspaces.join(', ')}`
  const what = may.length === 0 ? 'This session may open MLflow\'s pages, but its key has no scope.' : `This session may ${may.join(', and ')}${where}.`
  return `<div class="card"><div class="row"><p>Signed in as <strong>${escape(userId)}</strong> with the key <strong>${escape(name)}</strong></p>
<form method="post" action="${signOutPath}"><button>Sign out</button></form></div>
<p class="soft">${escape(what)} ${escape(boundsOf(permissions) + limitOf(caller, standing))}</p>
<p><a href="${mount}/">Open MLflow</a>${keys}</p></div>`
}

function asText (origin: string, notice: string | undefined): string {
  return [
    about,
    ...notice === undefined ? [] : [notice],
    `Tracking URI: ${origin}${mount}`,
    places.map(([path, what]) => `${origin}${path}\n    ${what}`).join('\n'),
    ...guides(origin).map(({ title, text, code }) => `${title}\n${text}\n\n${code.replace(/^/gm, '    ')}`)
  ].join('\n\n') + '\n'
}

function asJson (origin: string, notice: string | undefined): Record<string, unknown> {
  return {
    name: 'hokusai-mlflow',
    about,
    ...(notice === undefined ? {} : { notice }),
    tracking_uri: origin + mount,
    links: Object.fromEntries(places.map(([path, what]) => [what, origin + path])),
    clients: guides(origin)
  }
}

/** What people should know of the MLflow behind. */
function noticeOf (newer: NewerMlflow | undefined): string | undefined {
  return newer === undefined
    ? undefined
    : `${describeNewer(newer)} Upgrading hokusai-mlflow to a release that knows this version opens them to other keys; until then "hokusai-mlflow doctor" lists them.`
}

/** The origin goes into commands that people paste into a shell, so a Host that is more than a name and a port is not shown. */
function safeOrigin (request: FastifyRequest, publicUrl: URL | undefined): string {
  return publicHost(request, publicUrl) === '' ? 'https://THIS-HOST' : publicOrigin(request, publicUrl)
}
