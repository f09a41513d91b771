/** MLflow's own UI and its assistant through the facade, on a real server: what a person sees, and whom MLflow takes the caller for. */
import t from 'tap'
import { openBrowser } from '../../../scripts/browser.js'
import { startFacade } from '../../helpers/facade.js'
import { takePicture } from '../../helpers/looks.js'
import { startMlflow, type Mlflow } from '../../../scripts/mlflow/server.js'

t.setTimeout(300_000)

const address = '203.0.113.9' // of a caller who is not on this host (RFC 5737)
const assistant = '/mlflow/ajax-api/3.0/mlflow/assistant/config'

let mlflow: Mlflow

t.before(async () => {
  const dir = t.testdir({ artifacts: {} })
  mlflow = await startMlflow(t, { dir, env: { HOME: dir } }) // where the assistant keeps its settings
})

t.test('the UI loads for a read key: the experiments are shown, nothing is missing and every script runs', async t => {
  const facade = await startFacade(t, { mlflowUrl: mlflow.url })
  await fetch(`${mlflow.url}/api/2.0/mlflow/experiments/create`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"name":"seen in a browser"}' })
  const key = await facade.createKey('mlflow:read')
  const browser = await openBrowser(t)
  const page = await browser.newPage({ viewport: { width: 1300, height: 900 }, extraHTTPHeaders: { authorization: `Bearer ${key}` } })
  const complaints: string[] = []
  let scripts = 0
  page.on('response', response => {
    if (response.request().resourceType() === 'script') scripts++
    if (response.status() === 404 || response.status() >= 500) complaints.push(`${response.status()} ${response.url()}`)
  })
  page.on('requestfailed', request => { if (request.resourceType() === 'script') complaints.push(`${request.failure()?.errorText ?? 'failed'} ${request.url()}`) })
  page.on('pageerror', error => complaints.push(error.message))

  await page.goto(`${facade.url}/mlflow/#/experiments`)
  await page.getByText('seen in a browser').first().waitFor({ timeout: 120_000 })
  await takePicture(page, 'experiments')
  t.match(await page.title(), /MLflow/)
  t.ok(scripts > 0, `${scripts} scripts`)
  t.same(complaints, [])
})

/** Changes the assistant's settings, which are for callers on MLflow's own host. */
async function ask (url: string, key: string, forwarded?: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }
  const answer = await fetch(url + assistant, { method: 'PUT', headers, body: '{}' })
  await answer.arrayBuffer()
  return answer.status
}

t.test('what is forwarded is not taken for a call from MLflow\'s own host, from 3.18 on', async t => {
  const facade = await startFacade(t, { mlflowUrl: mlflow.url, env: { ALLOW_ASSISTANT: 'true', TRUST_PROXY: '127.0.0.1' } })
  const key = await facade.createKey('mlflow:admin')
  for (const forwarded of [undefined, address, '127.0.0.1']) t.equal(await ask(facade.url, key, forwarded), 403, forwarded ?? 'nobody in front')
  t.equal((await fetch(facade.url + assistant, { headers: { authorization: `Bearer ${key}` } })).status, 200, 'it is MLflow that refuses the change: what reads is let through')
})

t.test('a caller from elsewhere does not pass for one on the host, though the assistant is switched on', async t => {
  const dir = t.testdir({ artifacts: {} })
  const mlflow = await startMlflow(t, { version: '3.17.2', dir, env: { HOME: dir } }) // the last that asks the address alone
  const behind = await startFacade(t, { mlflowUrl: mlflow.url, env: { ALLOW_ASSISTANT: 'true', TRUST_PROXY: '127.0.0.1' } })
  const key = await behind.createKey('mlflow:admin')
  t.equal(await ask(behind.url, key), 200, 'MLflow lets a caller on its own host')
  for (const forwarded of [address, `127.0.0.1, ${address}`, `::1,${address}`, `localhost, ${address}`]) t.equal(await ask(behind.url, key, forwarded), 403, `a load balancer says ${forwarded}`)

  const direct = await startFacade(t, { mlflowUrl: mlflow.url, env: { ALLOW_ASSISTANT: 'true' } })
  const own = await direct.createKey('mlflow:admin')
  t.equal(await ask(direct.url, own, address), 200, 'without a trusted proxy the caller is who is connected, whatever he says')

  const closed = await startFacade(t, { mlflowUrl: mlflow.url })
  t.equal(await ask(closed.url, await closed.createKey('mlflow:admin')), 403, 'and by default nobody is let in')
})
