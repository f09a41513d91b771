/** Makes the pictures of README, from a real MLflow behind the real facade: `npm run pictures`. */
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { openBrowser } from './browser.js'
import { openStage, startFacade, untilReady, type Facade, type Stage } from './cleanup.js'
import { startMlflow } from './mlflow/server.js'

/** The pictures are looked at by people: a new version of MLflow changes them when somebody has. */
const version = '3.17.2'
const folder = join('docs', 'pictures')
/** README is read over slow lines too. */
const maxBytes = 60 * 1024
/** Laid out for a window of 1200 pixels, drawn with 800. */
const view = { viewport: { width: 1200, height: 675 }, deviceScaleFactor: 2 / 3, reducedMotion: 'reduce' } as const

const stage = openStage()
try {
  await mkdir(folder, { recursive: true })
  await draw(stage)
} finally {
  await stage.clear()
}

async function draw (stage: Stage): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'hokusai-pictures-'))
  stage.teardown(async () => await rm(root, { recursive: true, force: true, maxRetries: 3 }))
  const mlflow = await startMlflow(stage, { version, dir: root })
  const facade = await startFacade(stage, mlflow.url, join(root, 'facade'))
  await untilReady(facade.url)
  const { experiment, run } = await train(facade)
  const page = await (await openBrowser(stage)).newPage(view)
  await page.goto(`${facade.url}/mlflow/`)
  await page.locator('#key').waitFor()
  await picture(page, 'sign-in', 440)
  await page.locator('#key').fill(facade.key)
  await page.keyboard.press('Enter')
  await page.locator(':text-is("Model training")').first().click()
  await page.goto(`${facade.url}/mlflow/#/experiments/${experiment}/runs/${run}/model-metrics`)
  // MLflow opens its assistant by itself, which the facade blocks.
  await page.getByRole('button', { name: 'Close' }).first().click()
  await page.locator('.js-plotly-plot .scatterlayer .trace').nth(1).waitFor({ timeout: 60_000 })
  await page.mouse.move(0, 0)
  await picture(page, 'run')
  await drawConsole(page, facade)
}

/** The console with keys of a team that has just begun. */
async function drawConsole (page: Page, { url, key }: Facade): Promise<void> {
  for (const body of [
    { name: 'nightly training', owner: 'ann', rate: 3600, expires_in: '90d' },
    { name: 'dashboards', owner: 'bob', scopes: ['mlflow:read'], workspaces: ['team-a'] },
    { name: 'chat service', owner: 'search-team', scopes: ['mlflow:read', 'mlflow:gateway'], expires_in: '30d' }
  ]) await send(`${url}/admin/keys`, key, body)
  await page.goto(`${url}/console`)
  await page.getByLabel("Administrator's API key").fill(key)
  await page.keyboard.press('Enter')
  await page.getByText('chat service').first().waitFor()
  await picture(page, 'console')
}

async function picture (page: Page, name: string, height: number = view.viewport.height): Promise<void> {
  const path = join(folder, `${name}.png`)
  await page.screenshot({ path, clip: { x: 0, y: 0, width: view.viewport.width, height }, animations: 'disabled', caret: 'hide' })
  const { size } = await stat(path)
  process.stdout.write(`${path}: ${Math.ceil(size / 1024)} KiB\n`)
  if (size > maxBytes) throw new Error(`${path} has ${size} bytes, more than ${maxBytes}`)
}

/** Fits a parabola by gradient descent, and logs each step as a client does. */
async function train (facade: Facade): Promise<{ experiment: string, run: string }> {
  const tags = [{ key: 'mlflow.experimentKind', value: 'custom_model_development' }]
  const { experiment_id: experiment } = await post<{ experiment_id: string }>(facade, 'experiments/create', { name: 'parabola', tags })
  const begun = { experiment_id: experiment, run_name: 'gradient-descent', start_time: Date.now() }
  const run = (await post<{ run: { info: { run_id: string } } }>(facade, 'runs/create', begun)).run.info.run_id
  const rate = 0.05
  let x = 4
  const metrics = Array.from({ length: 40 }, (_, step) => {
    x -= rate * 2 * x
    const timestamp = Date.now()
    return [{ key: 'loss', value: x ** 2, timestamp, step }, { key: 'gradient', value: 2 * x, timestamp, step }]
  }).flat()
  await post(facade, 'runs/log-batch', { run_id: run, metrics, params: [{ key: 'rate', value: String(rate) }], tags: [] })
  await post(facade, 'runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() })
  return { experiment, run }
}

async function post<T> ({ url, key }: Facade, path: string, body: unknown): Promise<T> {
  return await send(`${url}/mlflow/api/2.0/mlflow/${path}`, key, body)
}

async function send<T> (url: string, key: string, body: unknown): Promise<T> {
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`)
  return await answer.json() as T
}
