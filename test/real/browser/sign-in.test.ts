/** People in a real browser, in front of a real MLflow: from a key that is typed in to the chart of a run, and out again. */
import type { Page } from 'playwright-core'
import t from 'tap'
import { openBrowser } from '../../../scripts/browser.js'
import { complaintsOf } from '../../helpers/complaints.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { faultsOf, takePicture } from '../../helpers/looks.js'
import { startMlflow } from '../../../scripts/mlflow/server.js'

t.setTimeout(400_000)

let mlflowUrl = ''
let facade: FacadeProcess
let experiment = ''
let run = ''

t.before(async () => {
  const dir = t.testdir({ artifacts: {} })
  const mlflow = await startMlflow(t, { version: '3.17.2', dir })
  mlflowUrl = mlflow.url
  experiment = String((await tell('experiments/create', { name: 'seen by people', tags: [{ key: 'mlflow.experimentKind', value: 'custom_model_development' }] }))['experiment_id'])
  const made = await tell('runs/create', { experiment_id: experiment, run_name: 'first-run', start_time: Date.now() }) as { run: { info: { run_id: string } } }
  run = made.run.info.run_id
  for (let step = 0; step < 20; step++) await tell('runs/log-metric', { run_id: run, key: 'loss', value: 1 / (step + 1), timestamp: Date.now(), step })
  await tell('runs/log-parameter', { run_id: run, key: 'depth', value: '3' })
  await tell('runs/update', { run_id: run, status: 'FINISHED', end_time: Date.now() })
  facade = await startFacade(t, { mlflowUrl })
})

/** Calls MLflow itself. */
async function tell (path: string, body: unknown): Promise<Record<string, unknown>> {
  const answer = await fetch(`${mlflowUrl}/api/2.0/mlflow/${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
  return await answer.json() as Record<string, unknown>
}

interface Seat {
  readonly page: Page
  /** What went wrong in the page, or left our origin. */
  readonly complaints: string[]
  /** Clicks, and how many there were. */
  readonly click: (selector: string) => Promise<void>
  readonly clicks: () => number
  readonly picture: (name: string) => Promise<void>
}

async function sit (t: Parameters<typeof openBrowser>[0], options: object = {}): Promise<Seat> {
  const browser = await openBrowser(t)
  const page = await browser.newPage({ viewport: { width: 1300, height: 900 }, ...options })
  const complaints = complaintsOf(page, facade.url)
  let clicks = 0
  return {
    page,
    complaints,
    click: async selector => {
      await page.locator(selector).first().click({ timeout: 60_000 })
      clicks++
    },
    clicks: () => clicks,
    picture: async name => await takePicture(page, name)
  }
}

async function enter ({ page, click }: Seat, key: string): Promise<void> {
  await page.locator('#key').fill(key)
  await click('button:has-text("Sign in")')
}

t.test('a link that a client printed leads through the sign-in to the run that it names', async t => {
  const seat = await sit(t)
  const { page, complaints, picture } = seat
  const link = `#/experiments/${experiment}/runs/${run}`
  await page.goto(`${facade.url}/${link}`)
  await page.waitForURL(`${facade.url}/login?next=%2Fmlflow%2F${link}`)
  await picture('sign-in')
  await page.keyboard.type('wrong')
  await page.keyboard.press('Enter')
  await page.getByRole('alert').waitFor()
  await picture('sign-in-refused')
  t.strictSame(complaints.splice(0).filter(text => !/\b401\b/.test(text)), [])
  await page.keyboard.type(await facade.createKey('mlflow:read'))
  await page.keyboard.press('Enter')
  await page.waitForURL(`${facade.url}/mlflow/${link}`)
  await page.getByText('first-run').first().waitFor({ timeout: 60_000 })
  await picture('run')
  t.strictSame(complaints, [])
})

/** Goes from the sign-in to the page of the run. */
async function openRun (seat: Seat, key: string): Promise<void> {
  await seat.page.goto(`${facade.url}/mlflow/`)
  await enter(seat, key)
  await seat.click(':text-is("Model training")')
  await seat.click('a:has-text("seen by people")')
  await seat.click('a:has-text("first-run")')
  await seat.page.getByText('About this run').waitFor()
}

t.test('from the sign-in it is six clicks at most to the chart of a run', async t => {
  const seat = await sit(t)
  await openRun(seat, await facade.createKey('mlflow:read'))
  await seat.click('a:has-text("Model metrics"), button:has-text("Model metrics")')
  await seat.page.locator('.js-plotly-plot .scatterlayer .trace').first().waitFor({ timeout: 60_000 })
  await seat.picture('chart')
  t.ok(seat.clicks() <= 6, `${seat.clicks()} clicks`)
  t.strictSame(seat.complaints, [])
})

/** Renames the run as people do. */
async function rename ({ page, click }: Seat, name: string): Promise<void> {
  await click('[data-testid="overflow-menu-trigger"]')
  await click('[data-testid="overflow-rename-button"]')
  await page.locator('[role="dialog"] input').fill(name)
  await click('[role="dialog"] button:has-text("Save")')
}

t.test('a reader may not rename the run and is told so; a writer may', async t => {
  const reader = await sit(t)
  await openRun(reader, await facade.createKey('mlflow:read'))
  await rename(reader, 'renamed by a reader')
  await reader.page.getByText('This needs the scope mlflow:write').first().waitFor({ timeout: 30_000 })
  await reader.picture('refused')
  const writer = await sit(t)
  await openRun(writer, await facade.createKey('mlflow:write'))
  await rename(writer, 'first-run of a writer')
  await writer.page.getByRole('heading', { name: 'first-run of a writer' }).waitFor({ timeout: 30_000 })
  t.strictSame(writer.complaints, [])
})

t.test('a session whose key is revoked is out within two seconds', async t => {
  const seat = await sit(t)
  const { page } = seat
  const { key, id } = JSON.parse(await facade.command(['keys', 'create', '--name', 'leaver', '--scopes', 'mlflow:read', '--json'])) as { key: string, id: string }
  await page.goto(`${facade.url}/mlflow/`)
  await enter(seat, key)
  await page.waitForURL(`${facade.url}/mlflow/**`)
  const ask = async (): Promise<number> => await page.evaluate(async () => (await fetch('/whoami')).status)
  t.equal(await ask(), 200)
  await facade.command(['keys', 'revoke', id])
  const revoked = performance.now()
  while (await ask() === 200 && performance.now() - revoked < 10_000) await page.waitForTimeout(50)
  t.ok(performance.now() - revoked < 2000, `${Math.round(performance.now() - revoked)} ms`)
  await page.goto(`${facade.url}/mlflow/#/experiments`)
  await page.reload()
  t.match(page.url(), `${facade.url}/login?next=%2Fmlflow%2F#/experiments`)
})

for (const [name, options] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { viewport: { width: 320, height: 640 }, reducedMotion: 'reduce' }
})) {
  t.test(`our pages are for everybody: ${name}`, async t => {
    const seat = await sit(t, options)
    const { page, complaints, picture } = seat
    const check = async (what: string): Promise<void> => {
      await picture(`${what}-${name}`)
      t.strictSame(await faultsOf(page), [], what)
    }
    await page.goto(`${facade.url}/`)
    await check('start')
    await page.goto(`${facade.url}/login?next=/`)
    await check('sign-in')
    await enter(seat, 'wrong')
    await page.getByRole('alert').waitFor()
    await check('sign-in-refused')
    complaints.length = 0
    await enter(seat, await facade.createKey('mlflow:write'))
    await page.waitForURL(`${facade.url}/`)
    await page.getByText('Signed in as').waitFor()
    await check('start-signed-in')
    await page.keyboard.press('Tab') // the first thing there is
    t.equal(await page.evaluate('document.activeElement.textContent'), 'Sign out')
    await page.keyboard.press('Enter')
    await page.getByText('You are not signed in').waitFor()
    await page.goto(`${facade.url}/mlflow/`)
    t.match(page.url(), '/login?next=%2Fmlflow%2F')
    t.strictSame(complaints, [])
  })
}
