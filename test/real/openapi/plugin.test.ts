/** The document as the facade serves it, and Swagger UI in a real browser. */
import type { Locator, Page } from 'playwright-core'
import t from 'tap'
import { parse } from 'yaml'
import { facade, keys, type Facade } from '../../helpers/app.js'
import { openBrowser } from '../../../scripts/browser.js'
import { takePicture } from '../../helpers/looks.js'
import { echo, shapeA, type Call } from '../../helpers/upstream.js'

t.setTimeout(300_000)

/** Two seconds on a machine with nothing else to do; tests share theirs. */
const firstTagMs = 6000

async function get (app: Facade, path: string): Promise<Response> {
  return await fetch(`http://127.0.0.1:${app.port}${path}`)
}

t.test('the document shows what the MLflow behind has, or all on demand', async t => {
  const app = await facade(t, undefined, { shape: { ...shapeA, version: '3.9.0' } })
  const paths = async (path: string): Promise<object> => (await (await get(app, path)).json() as { paths: object }).paths
  t.notOk('/api/3.0/mlflow/mcp-servers' in await paths('/openapi.json'))
  t.ok('/api/3.0/mlflow/mcp-servers' in await paths('/openapi.json?mlflow=3.17.2'))
  t.ok('/server-info' in await paths('/openapi.json?mlflow=all'))
  const yaml = await get(app, '/openapi.yaml')
  t.match(yaml.headers.get('content-type'), /^application\/yaml/)
  t.same(parse(await yaml.text()), await (await get(app, '/openapi.json')).json())
  t.equal((await get(app, '/openapi.json?mlflow=newest')).status, 400)
  t.equal((await get(app, '/openapi.json?mlflow=all&mlflow=3.9.0')).status, 400)
})

t.test('Swagger UI is served without a key, under a policy that runs no inline script and asks no other host', async t => {
  const app = await facade(t)
  for (const path of ['/docs', '/docs/', '/docs/static/swagger-ui-bundle.js']) {
    const answer = await get(app, path)
    t.equal(answer.status, 200, path)
    const policy = answer.headers.get('content-security-policy') ?? ''
    t.match(policy, /default-src 'none'/)
    t.match(policy, /script-src 'self';/)
    t.notMatch(policy, /unsafe|https?:/)
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  }
})

t.test('in a browser: without a key a call is refused with the reason, with one it is answered', async t => {
  const app = await facade(t, answerSearch)
  const origin = `http://127.0.0.1:${app.port}`
  const { page, complaints } = await open(t, origin)
  await page.goto(`${origin}/docs#/Experiments/searchExperiments`)
  const operation = page.locator('#operations-Experiments-searchExperiments')
  await operation.and(page.locator('.is-open')).waitFor({ timeout: 120_000 })
  t.pass('a deep link opens its operation')

  const execute = operation.getByRole('button', { name: 'Execute' })
  const answered = operation.locator('.live-responses-table tbody')
  await execute.click()
  await answered.waitFor()
  t.match(await answered.innerText(), /401[\s\S]*UNAUTHENTICATED[\s\S]*MLFLOW_TRACKING_TOKEN/)

  await authorize(page, page.locator('.auth-container').first(), keys.read)
  await execute.click()
  await answered.getByText('"experiment_id"').waitFor()
  t.match(await answered.innerText(), /200[\s\S]*Default/)
  t.match(await operation.locator('.request-url').innerText(), `${origin}/mlflow/api/2.0/mlflow/experiments/search`, 'it goes to the mount')
  t.same(complaints, [])
})

t.test('in a browser: a DELETE with its body, an upload with odd names, X-API-Key, and the edition of every MLflow', async t => {
  const app = await facade(t, echo, { shape: { ...shapeA, version: '3.9.0' } })
  const origin = `http://127.0.0.1:${app.port}`
  const { page, complaints } = await open(t, origin)
  await page.goto(`${origin}/docs#/Registered%20models/deleteRegisteredModel`)
  const header = page.locator('.auth-container').filter({ hasText: 'X-API-Key' })
  await authorize(page, header, keys.write)

  const deletion = page.locator('#operations-Registered_models-deleteRegisteredModel')
  await deletion.locator('textarea.body-param__text').fill('{"name": "m"}')
  await deletion.getByRole('button', { name: 'Execute' }).click()
  const deleted = await app.mlflow.call(1)
  t.match(deleted, { method: 'DELETE', target: '/api/2.0/mlflow/registered-models/delete' })
  t.same(JSON.parse((await deleted.whole).toString()), { name: 'm' })
  t.equal(deleted.header('x-api-key'), undefined, 'the key stays here')
  t.match(await deletion.locator('.live-responses-table tbody').innerText(), /^200/)

  await page.goto(`${origin}/docs#/Artifacts/uploadArtifact`)
  await page.reload()
  const upload = page.locator('#operations-Artifacts-uploadArtifact')
  await authorize(page, header, keys.write)
  const bytes = Buffer.from([0, 255, 13, 10, 128, 0])
  await upload.locator('tr[data-param-name=artifact_path] input').fill('1/a b ü+%/c.bin')
  await upload.locator('input[type=file]').setInputFiles({ name: 'c.bin', mimeType: 'application/octet-stream', buffer: bytes })
  await upload.getByRole('button', { name: 'Execute' }).click()
  const uploaded = await app.mlflow.call(2)
  t.match(uploaded, { method: 'PUT', target: `/api/2.0/mlflow-artifacts/artifacts/${encodeURIComponent('1/a b ü+%/c.bin')}` })
  t.same(await uploaded.whole, bytes)

  const operation = page.locator('#operations-MCP_servers-createMcpServer')
  t.equal(await operation.count(), 0)
  await page.locator('#select').selectOption('/openapi.json?mlflow=all')
  await page.locator('[id^=operations-tag-MCP]').waitFor()
  t.pass('what another MLflow has is shown on demand')
  t.same(complaints, [])
})

function answerSearch (call: Call): void {
  const body = JSON.stringify({ experiments: [{ experiment_id: '0', name: 'Default', artifact_location: 'mlflow-artifacts:/0', lifecycle_stage: 'active', creation_time: 1, last_update_time: 1 }] })
  call.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`)
}

/** Gives Swagger UI a key, in the form of one scheme. */
async function authorize (page: Page, form: Locator, key: string): Promise<void> {
  await page.locator('.btn.authorize').click({ timeout: 120_000 })
  await form.locator('input').fill(key)
  await form.locator('button[type=submit]').click()
  await form.locator('.btn-done').click()
}

/** A page, and all that it should not do: requests to other hosts, errors of its scripts, violations of the policy. */
async function open (t: { teardown: (fn: () => unknown) => void }, origin: string): Promise<{ page: Page, complaints: string[] }> {
  const browser = await openBrowser(t)
  const page = await browser.newPage({ viewport: { width: 1300, height: 1000 } })
  const complaints: string[] = []
  page.on('request', request => { if (!request.url().startsWith(origin) && !request.url().startsWith('data:')) complaints.push(`asked ${request.url()}`) })
  page.on('pageerror', error => complaints.push(error.message))
  page.on('console', message => {
    // Chromium reports the 401 that is wanted here by itself.
    if (message.type() === 'error' && !message.text().includes('status of 401')) complaints.push(message.text())
  })
  return { page, complaints }
}

t.test('in a browser: operations are found by id, path and words, opened, and read without a wait', async t => {
  const app = await facade(t)
  const origin = `http://127.0.0.1:${app.port}`
  const { page, complaints } = await open(t, origin)
  const began = performance.now()
  await page.goto(`${origin}/docs`)
  await page.locator('.opblock-tag').first().waitFor()
  t.ok(performance.now() - began < firstTagMs, `the first tag is there in ${Math.round(performance.now() - began)} ms`)
  const found = page.locator('.opblock-summary-operation-id, .opblock-summary-path')
  for (const [phrase, path] of [['logBatch', '/api/2.0/mlflow/runs/log-batch'], ['runs/log-metric', '/api/2.0/mlflow/runs/log-metric'], ['delete  REGISTERED model', '/api/2.0/mlflow/registered-models/delete']] as const) {
    await page.locator('.operation-filter-input').fill(phrase)
    await found.filter({ hasText: path }).first().waitFor()
    t.ok(await found.count() < 12, `little else than ${path} for ${phrase}`)
  }
  await page.locator('.operation-filter-input').fill('nothing is called so')
  await page.locator('.opblock').first().waitFor({ state: 'detached' })
  t.equal(await page.locator('.opblock').count(), 0)

  await page.locator('.operation-filter-input').fill('createRun')
  const operation = page.locator('#operations-Runs-createRun')
  await operation.locator('.opblock-summary-control').click()
  await operation.getByText('experiment_id').first().waitFor({ timeout: 2000 })
  t.pass('and what it takes is shown')

  await page.getByRole('button', { name: 'Authorize' }).first().click()
  await page.getByText('One of these is enough').waitFor()
  t.equal(await page.getByText('One of these is enough').count(), 1)
  t.equal(await page.evaluate('document.activeElement.id'), 'auth-bearer-value')
  t.same(complaints, [])
})

t.test('Swagger UI is legible in light and dark, and fits a narrow screen', async t => {
  const app = await facade(t)
  const { page, complaints } = await open(t, `http://127.0.0.1:${app.port}`)
  for (const [name, width, colorScheme] of [['light', 1300, 'light'], ['dark', 1300, 'dark'], ['narrow', 360, 'light']] as const) {
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme })
    await page.goto(`http://127.0.0.1:${app.port}/docs`)
    await page.locator('.opblock-tag').first().waitFor()
    await page.locator('.operation-filter-input').fill('createRun')
    await page.locator('#operations-Runs-createRun .opblock-summary-control').click()
    await page.getByText('experiment_id').first().waitFor()
    await takePicture(page, `docs-${name}`)
    t.equal(await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'), 0, `${name} does not scroll sideways`)
  }
  t.same(complaints, [])
})
