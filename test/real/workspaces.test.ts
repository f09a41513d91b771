/** A key that is tied to a workspace, in front of a real MLflow that is started without workspaces, with them, and without again. */
import { request } from 'node:http'
import t from 'tap'
import { startFacade } from '../helpers/facade.js'
import { startMlflow } from '../../scripts/mlflow/server.js'

t.setTimeout(300_000)

t.test('a tied key sees nothing of a real MLflow until that keeps workspaces apart, and then its own alone', async t => {
  const mlflow = await startMlflow(t, { dir: t.testdir() })
  const facade = await startFacade(t, { mlflowUrl: mlflow.url })
  const [tied, admin] = [await facade.createKey('mlflow:write', ['--workspace', 'team-a']), await facade.createKey('mlflow:admin')]
  const call = async (key: string, path: string, body: unknown, headers = {}): Promise<{ status: number, text: string }> => {
    const answer = await fetch(`${facade.url}/mlflow/api/${path}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })
    return { status: answer.status, text: await answer.text() }
  }
  const search = async (): Promise<{ status: number, text: string }> => await call(tied, '2.0/mlflow/experiments/search', { max_results: 100 })

  t.equal((await call(admin, '2.0/mlflow/experiments/create', { name: 'everybodys' })).status, 200)
  t.match(await search(), { status: 403, text: /does not separate workspaces/ })
  t.match(await call(admin, '2.0/mlflow/experiments/search', { max_results: 1 }, { 'x-mlflow-workspace': 'team-a' }), { text: /FEATURE_DISABLED/ }, 'MLflow itself refuses the header')

  await mlflow.stop()
  await mlflow.start(undefined, ['--enable-workspaces'])
  t.equal((await call(admin, '3.0/mlflow/workspaces', { name: 'team-a' })).status, 201)
  const own = await search()
  t.equal(own.status, 200)
  t.notMatch(own.text, 'everybodys')

  await mlflow.stop()
  await mlflow.start()
  t.match(await search(), { status: 403, text: /does not separate workspaces/ })
})

const routes = ['/mlflow/api/2.0/mlflow-artifacts/artifacts', '/mlflow/ajax-api/2.0/mlflow-artifacts/artifacts', '/api/2.0/mlflow-artifacts/artifacts']
/** Ways to write `workspaces/` or a folder before it that MLflow 3.17.2 reads as such behind its guard, or may. */
const disguises = ['', '%252e/', '%25%32%65/', '%252e%252f', '%25252e/', '%2520%252e/', '%252e%2509/', '%252e//', '/', '%252f', 'x/%252e%252e/', 'file:', 'file:file:', '%5c', 'workspaces/OWN/%252e%252e/%252e%252e/', 'workspaces/%252e%252e/']
const wholes = ['workspaces', 'workspaces/', 'workspaces%3F', 'workspaces%3B', 'workspaces%23', '%2577orkspaces', '%252e', '%252e/', '%252e/workspaces', '%3F', '%20', '%2509', 'file:', 'file:workspaces']

t.test('no spelling of an artifact path lets a tied key read, list, write or delete what is in another workspace of a real MLflow', async t => {
  const mlflow = await startMlflow(t, { dir: t.testdir(), args: ['--enable-workspaces', '--serve-artifacts'] })
  const facade = await startFacade(t, { mlflowUrl: mlflow.url })
  const admin = await facade.createKey('mlflow:admin')
  const keys = { default: await facade.createKey('mlflow:write', ['--workspace', 'default']), other: await facade.createKey('mlflow:write', ['--workspace', 'other']), untied: await facade.createKey('mlflow:write') }
  const call = async (key: string, method: string, path: string, body?: string, workspace?: string): Promise<{ status: number, text: string }> => {
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...workspace === undefined ? {} : { 'x-mlflow-workspace': workspace } }
    return await raw(facade.url, method, path, headers, body)
  }
  t.equal((await call(admin, 'POST', '/mlflow/api/3.0/mlflow/workspaces', '{"name":"other"}')).status, 201)

  const files: Record<string, string> = {}
  for (const workspace of ['default', 'other']) {
    const { text } = await call(admin, 'POST', '/mlflow/api/2.0/mlflow/experiments/create', JSON.stringify({ name: `of-${workspace}` }), workspace)
    const run = await call(admin, 'POST', '/mlflow/api/2.0/mlflow/runs/create', JSON.stringify({ experiment_id: JSON.parse(text).experiment_id }), workspace)
    const uri: string = JSON.parse(run.text).run.info.artifact_uri
    const file = files[workspace] = `${uri.replace(/^mlflow-artifacts:\/+/, '')}/s.txt`
    t.equal((await call(admin, 'PUT', `${routes[0]}/${file}`, `SECRET of ${workspace}`, workspace)).status, 200)
  }
  const untouched = async (what: string): Promise<void> => {
    for (const workspace of ['default', 'other']) t.match(await call(admin, 'GET', `${routes[0]}/${files[workspace]}`, undefined, workspace), { status: 200, text: `SECRET of ${workspace}` }, `${workspace} after ${what}`)
    t.notMatch((await call(admin, 'GET', `${routes[0]}?path=${files.other?.replace('/s.txt', '')}`, undefined, 'other')).text, 'planted')
  }

  for (const [own, foreign] of [['default', 'other'], ['other', 'default']] as const) {
    const key = keys[own]
    const target = files[foreign] ?? ''
    const folder = target.replace('/s.txt', '')
    const plain = target.replace(/^workspaces\/\w+\//, '')
    const names = [target, ...foreign === 'default' ? [plain, `workspaces/default/${plain}`] : []]
    for (const route of routes) {
      // The routes are MLflow's own aliases and one of ours to them: a few spellings show that each is judged.
      for (const disguise of (route === routes[0] ? disguises : disguises.slice(0, 4)).map(text => text.replace('OWN', own))) {
        const what = `${own}: ${route}/${disguise}`
        for (const name of names) {
          for (const spelt of [name, name.replaceAll('/', '%2f'), name.replaceAll('/', '%252f')]) {
            const read = await call(key, 'GET', `${route}/${disguise}${spelt}`)
            t.ok(!read.text.includes(`SECRET of ${foreign}`), `${what}${spelt} is not read`)
            for (const query of [disguise + spelt, (disguise + spelt).replaceAll('%25', '%')]) t.notMatch((await call(key, 'GET', `${route}?path=${query.replace(/(\/|%2f|%252f)s\.txt$/, '')}`)).text, 's.txt', `${what}${spelt} is not listed`)
            await call(key, 'PUT', `${route}/${disguise}${spelt.replace('s.txt', 'planted.txt')}`, 'x')
            await call(key, 'DELETE', `${route}/${disguise}${spelt}`)
          }
          await call(key, 'PUT', `${route}/${disguise}${name}`, 'overwritten')
          await call(key, 'DELETE', `${route}/${disguise}${folder}`)
        }
        await call(key, 'DELETE', `${route}/${disguise}workspaces/${foreign}`)
        await untouched(what)
      }
      for (const whole of wholes) {
        if (own === 'default') {
          for (const name of [key, keys.untied]) t.ok((await call(name, 'DELETE', `${route}/${whole}`)).status >= 400, `DELETE ${route}/${whole}`)
        }
      }
      for (const query of ['', '?path=', '?path=.', '?path=workspaces', '?path=.%2fworkspaces', '?path=%2e/workspaces/', '?x=1']) {
        t.notMatch((await call(key, 'GET', route + query)).text, `"${foreign}"`, `${own}: GET ${route}${query} names no other`)
      }
      await untouched(`wholes on ${route}`)
    }
    t.match(await call(key, 'GET', `${routes[0]}/${files[own]}`), { status: 200, text: `SECRET of ${own}` }, `${own} reads its own`)
    t.match(await call(key, 'GET', `${routes[0]}?path=${files[own]?.replace('/s.txt', '')}`), { status: 200, text: /s\.txt/ }, `${own} lists its own`)
  }
})

/** Sends a path as it is written: `fetch` would take dot segments out. */
async function raw (origin: string, method: string, path: string, headers: Record<string, string>, body?: string): Promise<{ status: number, text: string }> {
  return await new Promise((resolve, reject) => {
    const sent = request(origin, { method, path, headers: { ...headers, ...body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) } } }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => resolve({ status: answer.statusCode ?? 0, text })).on('error', reject)
    })
    sent.on('error', reject).end(body)
  })
}
