/** What a newer MLflow serves that is unknown here, told from the scripts of its pages and a few questions. */
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { Layout } from '../../../src/mlflow/layout.js'
import { findUnknownPaths, isNewer, pathsIn, watchNewer, type NewerMlflow } from '../../../src/mlflow/newer.js'
import type { ProbeAnswer } from '../../../src/mlflow/pool.js'
import { newest } from '../../../src/mlflow/versions.js'

const layout: Layout = {
  version: '3.99.0', prefix: '/p', restUnderPrefix: true, healthAtRoot: false, streamsArtifacts: true, chunkedIsEmpty: true, workspaces: false
}
const page: ProbeAnswer = { status: 404, contentType: 'text/html; charset=utf-8', body: '<!doctype html>' }
const json: ProbeAnswer = { status: 200, contentType: 'application/json', body: '{}' }

/** Answers of an MLflow by method and path; all else is its page for what is not there. */
function server (answers: Readonly<Record<string, ProbeAnswer>>) {
  const asked: string[] = []
  return {
    asked,
    probe: async (path: string, { method = 'GET' }: { method?: string } = {}) => {
      asked.push(`${method} ${path}`)
      return answers[`${method} ${path}`] ?? page
    }
  }
}

const script = (body: string): ProbeAnswer => ({ status: 200, contentType: 'text/javascript', body })
const manifest = (...names: string[]): ProbeAnswer =>
  ({ ...json, body: JSON.stringify({ files: Object.fromEntries(names.map(name => [name, `/static-files/${name}`])) }) })

t.test('only what is later than the newest known version is newer', async t => {
  for (const version of ['3.99.0', '4.0.0rc1']) t.ok(isNewer(version), version)
  for (const version of [newest, '2.22.5', 'unknown']) t.notOk(isNewer(version), version)
})

t.test('paths are read out of scripts, up to their first parameter', async t => {
  const text = 'a("ajax-api/3.0/mlflow/x/y"),b("ajax-api/2.0/mlflow/runs/".concat(id)),"/ajax-api/3.0/mlflow/x/y","api/2.0/mlflow/z"'
  t.strictSame(pathsIn(text), ['/ajax-api/3.0/mlflow/x/y', '/ajax-api/2.0/mlflow/runs'])
})

t.test('what pages name, MLflow serves and nobody here knows is found; nothing is written', async t => {
  const named = ['3.0/mlflow/native', '3.0/mlflow/flask', '2.0/mlflow/runs/search', '4.0/mlflow/elsewhere']
  const mlflow = server({
    'GET /p/static-files/asset-manifest.json': manifest('static/js/main.js', 'static/js/1.js', 'static/css/main.css', 'static/js/main.js.map'),
    'GET /p/static-files/static/js/main.js': script(named.map(name => `"ajax-api/${name}"`).join()),
    'GET /p/static-files/static/js/1.js': script('"ajax-api/3.0/mlflow/refuses"'),
    'OPTIONS /p/ajax-api/3.0/mlflow/flask': { ...json, status: 204 },
    'GET /p/ajax-api/3.0/mlflow/native': json,
    'GET /p/ajax-api/3.0/mlflow/refuses': { ...json, status: 404 }
  })
  t.strictSame(await findUnknownPaths(mlflow, layout), ['flask', 'native', 'refuses'].map(name => `/ajax-api/3.0/mlflow/${name}`))
  t.notOk(mlflow.asked.some(call => !/^(GET|OPTIONS) /.test(call)))
  t.notOk(mlflow.asked.some(call => call.includes('runs/search') || call.includes('.css') || call.includes('.map')))
  t.equal(await findUnknownPaths(server({}), layout), undefined, 'pages that tell nothing')
})

t.test('a newer MLflow is looked at once, and forgotten when another comes', async t => {
  const mlflow = server({
    'GET /p/static-files/asset-manifest.json': manifest('m.js'),
    'GET /p/static-files/m.js': script('"ajax-api/3.0/mlflow/new"'),
    'GET /p/ajax-api/3.0/mlflow/new': json
  })
  const found: NewerMlflow[] = []
  const watch = watchNewer(mlflow, newer => found.push(newer))
  watch.seen(layout)
  watch.seen({ ...layout, workspaces: true })
  t.strictSame(watch.current, { version: '3.99.0', unknown: undefined }, 'told at once, counted later')
  for (let count = 0; count < 20; count++) await turn()
  t.strictSame(found, [{ version: '3.99.0', unknown: ['/ajax-api/3.0/mlflow/new'] }])
  t.strictSame(watch.current, found[0])
  watch.seen({ ...layout, version: newest })
  t.equal(watch.current, undefined)
  const broken = watchNewer({ probe: async () => await Promise.reject(new Error('gone')) }, newer => found.push(newer))
  broken.seen(layout)
  for (let count = 0; count < 20; count++) await turn()
  t.strictSame(found.at(-1), { version: '3.99.0', unknown: undefined }, 'it is told even when nothing can be counted')
})
