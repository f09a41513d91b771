/**
 * The start page: what this is, and how to point each kind of client at it. A page without any outside host for
 * browsers, text for curl, JSON for programs.
 */
import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyRequest, FastifySchema } from 'fastify'
import { mount } from '../core/public-paths.js'
import { publicHost, publicOrigin } from '../http/client-address.js'
import { describeNewer, type NewerMlflow } from '../mlflow/newer.js'

interface Options {
  /** The origin that people use, where it is configured. */
  readonly publicUrl: URL | undefined
  /** The MLflow behind, where it is newer than what is known. */
  readonly newer: () => NewerMlflow | undefined
}

interface Guide {
  readonly title: string
  readonly text: string
  readonly code: string
}

export default async function page (app: FastifyInstance, { publicUrl, newer }: Options): Promise<void> {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/',
    schema: { hide: true } as FastifySchema, // for people; a document of an API does not list it
    config: { operation: 'start_page' },
    async handler (request, reply) {
      const origin = safeOrigin(request, publicUrl)
      const notice = noticeOf(newer())
      // The origin may come from the Host header: a shared cache must not hand it to others.
      void reply.headers({ 'cache-control': 'no-store', vary: 'Accept', 'x-content-type-options': 'nosniff' })
      const accept = request.headers.accept ?? ''
      if (accept.includes('text/html')) return reply.headers(pageHeaders).type('text/html; charset=utf-8').send(asHtml(origin, notice))
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

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 1.5rem 0 .25rem } p { margin: .25rem 0 }
pre { padding: .75rem; overflow-x: auto; border: 1px solid color-mix(in srgb, currentColor 25%, transparent); border-radius: .25rem }
`

const pageHeaders = {
  'content-security-policy': `default-src 'none'; img-src data:; script-src ${sourceHash(script)}; style-src ${sourceHash(style)}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer'
}

function asHtml (origin: string, notice: string | undefined): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>hokusai-mlflow</title>
<link rel="icon" href="data:,">
<script>${script}</script>
<style>${style}</style>
</head>
<body>
<h1>hokusai-mlflow</h1>
<p>${escape(about)}</p>
${notice === undefined ? '' : `<p>${escape(notice)}</p>\n`}<p>Tracking URI: <code>${escape(origin + mount)}</code></p>
<ul>
${places.map(([path, what]) => `<li><a href="${escape(path)}">${escape(path)}</a>: ${escape(what)}</li>`).join('\n')}
</ul>
${guides(origin).map(({ title, text, code }) => `<h2>${escape(title)}</h2>\n<p>${escape(text)}</p>\n<pre>${escape(code)}</pre>`).join('\n')}
</body>
</html>
`
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

function escape (text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

function sourceHash (source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`
}
