/** Administrators in a real browser: the key is typed in and stays in the page's memory, keys are made and ended, events are looked at. */
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { openBrowser } from '../../../scripts/browser.js'
import { complaintsOf } from '../../helpers/complaints.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { faultsOf, takePicture } from '../../helpers/looks.js'
import { answer, says, standIn } from '../../helpers/upstream.js'

t.setTimeout(200_000)

let facade: FacadeProcess
let admin = ''

t.before(async () => {
  const mlflow = await standIn(t, says(answer(200, '3.17.2')))
  facade = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { AUDIT_LOG: join(t.testdir(), 'audit.log') } })
  admin = await facade.createKey('mlflow:admin', ['--name', 'for the console', '--user', 'root'])
})

interface Seat {
  readonly page: Page
  /** What went wrong in the page, or left our origin. */
  readonly complaints: string[]
  readonly picture: (name: string) => Promise<void>
}

async function sit (t: Test, options: object = {}): Promise<Seat> {
  const page = await (await openBrowser(t)).newPage({ viewport: { width: 1300, height: 900 }, ...options })
  const complaints = complaintsOf(page, facade.url)
  await page.goto(`${facade.url}/console`)
  return { page, complaints, picture: async name => await takePicture(page, `console-${name}`, true) }
}

async function enter (page: Page, key: string): Promise<void> {
  await page.getByLabel("Administrator's API key").fill(key)
  await page.keyboard.press('Enter')
}

const button = (page: Page, name: string): ReturnType<Page['locator']> => page.getByRole('button', { name, exact: true })

t.test('a key is made, shown once, disabled, enabled, changed, rotated and revoked', async t => {
  const { page, complaints, picture } = await sit(t)
  await enter(page, admin)
  await page.getByRole('heading', { name: 'Keys' }).waitFor()
  const name = '<img src=x onerror=alert(1)> nightly'
  await button(page, 'Create a key').click()
  await page.locator('dialog').getByLabel('Name').fill(name)
  await page.locator('dialog').getByLabel('Owner').fill('ann')
  await page.getByLabel('Lifetime').fill('90d')
  await picture('create')
  await page.keyboard.press('Enter')
  const shown = page.locator('dialog .key')
  await shown.waitFor()
  const key = await shown.textContent() ?? ''
  t.match(key, /^hk_live_\w{30,}$/)
  await picture('issued')
  t.equal((await fetch(`${facade.url}/whoami`, { headers: { authorization: `Bearer ${key}` } })).status, 200)
  await page.keyboard.press('Escape')
  await shown.waitFor({ state: 'detached' })
  t.notMatch(await page.content(), key)
  t.equal(await page.locator('#console img').count(), 0, 'what a name holds stays text')
  const row = page.getByRole('row').filter({ hasText: name })
  await row.getByRole('button', { name: 'Disable' }).click()
  await page.getByLabel('Reason').fill('on leave')
  await page.keyboard.press('Enter')
  await page.getByText(`${name} was disabled.`).waitFor()
  await row.waitFor({ state: 'detached' })
  await page.getByLabel('State').selectOption('disabled')
  await button(page, 'Filter').click()
  await row.getByText('on leave').waitFor()
  await row.getByRole('button', { name: 'Enable' }).click()
  await button(page, 'Enable').click()
  await page.getByText(`${name} was enabled.`).waitFor()
  await page.getByLabel('State').selectOption('')
  await page.getByLabel('Owner').fill('ann')
  await button(page, 'Filter').click()
  await row.getByRole('button', { name: 'Change' }).click()
  await page.getByLabel('Calls an hour').fill('3600')
  await page.getByLabel('Permissions').fill('write:experiment/team-a/*')
  await button(page, 'Change').click()
  await page.getByRole('alert').getByText('write:experiment/team-a/*').waitFor()
  await page.getByLabel('Permissions').fill('read:*')
  await page.getByLabel('mlflow:admin').check()
  await button(page, 'Change').click()
  await page.getByRole('alert').getByText('A key with mlflow:admin may do everything').waitFor()
  await page.getByLabel('mlflow:admin').uncheck()
  t.strictSame(complaints.splice(0).filter(text => !/\b400\b/.test(text)), [])
  await page.getByLabel('Permissions').fill('read:*\nwrite:experiments/team-a/*')
  await button(page, 'Change').click()
  await row.getByText('3600').waitFor()
  await row.getByText('2 permissions').click()
  await row.getByText('write:experiments/team-a/*').waitFor()
  await row.getByRole('button', { name: 'Rotate' }).click()
  await page.getByLabel('The old key ends').selectOption('in an hour')
  await button(page, 'Rotate').click()
  await shown.waitFor()
  t.not(await shown.textContent(), key)
  await button(page, 'Done').click()
  t.equal(await row.count(), 2)
  await row.first().getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('heading', { name: `Revoke ${name}?` }).waitFor()
  await page.keyboard.press('Escape')
  t.equal((await fetch(`${facade.url}/whoami`, { headers: { authorization: `Bearer ${key}` } })).status, 200, 'Esc revokes nothing')
  await row.first().getByRole('button', { name: 'Revoke' }).click()
  await button(page, 'Revoke for ever').click()
  await page.getByText(`${name} was revoked.`).waitFor()
  t.equal((await fetch(`${facade.url}/whoami`, { headers: { authorization: `Bearer ${key}` } })).status, 401)
  await picture('keys')
  t.strictSame(complaints, [])
})

t.test('a wrong key, a reader\'s and one of a workspace are refused with a sentence, and a reload forgets a good one', async t => {
  const { page, complaints } = await sit(t)
  for (const [key, said] of [
    ['hk_live_wrong', 'This key is not valid.'],
    ['schlüssel', 'This key is not valid.'],
    [await facade.createKey('mlflow:read'), 'This key is valid, but has mlflow:read only: the console needs mlflow:admin.'],
    [await facade.createKey('mlflow:admin', ['--workspace', 'team-a']), 'This key is valid, but tied to team-a: the console needs one for all workspaces.']
  ] as const) {
    await enter(page, key)
    await page.getByRole('alert').getByText(said).waitFor()
    t.notMatch(await page.content(), key)
  }
  t.strictSame(complaints.splice(0).filter(text => !/\b401\b/.test(text)), [])
  await enter(page, admin)
  await page.getByRole('heading', { name: 'Keys' }).waitFor()
  t.strictSame(await page.evaluate('[localStorage.length, sessionStorage.length, document.cookie]'), [0, 0, ''])
  t.notMatch(`${page.url()} ${await page.title()} ${await page.content()}`, admin)
  await page.reload()
  await page.getByLabel("Administrator's API key").waitFor()
  await enter(page, admin)
  await button(page, 'Forget the key').click()
  await page.getByText('The key is forgotten.').waitFor()
  t.strictSame(complaints, [])
})

t.test('a page of MLflow\'s that opened the window of the console cannot look into it', async t => {
  const { page } = await sit(t)
  await page.goto(`${facade.url}/login`)
  const look = `(async () => {
    const there = window.open('PATH', 'there')
    await new Promise(resolve => setTimeout(resolve, 1500))
    return there.closed ? 'cut off' : there.document.title
  })()`
  t.equal(await page.evaluate(look.replace('PATH', '/login')), 'Sign in to MLflow', 'as it can into others')
  t.equal(await page.evaluate(look.replace('PATH', '/console')), 'cut off')
})

t.test('who is revoked meanwhile stands at the form again, and is told why', async t => {
  const { page } = await sit(t)
  const { key, id } = JSON.parse(await facade.command(['keys', 'create', '--name', 'leaver', '--scopes', 'mlflow:admin', '--json'])) as { key: string, id: string }
  await enter(page, key)
  await page.getByRole('heading', { name: 'Keys' }).waitFor()
  await facade.command(['keys', 'revoke', id])
  await page.waitForTimeout(1500) // a revocation counts within a second
  await button(page, 'Filter').click()
  await page.getByText('The facade accepts the key no longer').waitFor()
  await page.getByLabel("Administrator's API key").waitFor()
})

t.test('events are found by who, what and how it ended', async t => {
  const { page, complaints, picture } = await sit(t)
  const headers = { authorization: `Bearer ${await facade.createKey('mlflow:read', ['--name', 'curious', '--user', 'bob'])}` }
  t.equal((await fetch(`${facade.url}/admin/keys`, { headers })).status, 403)
  await enter(page, admin)
  await page.getByRole('link', { name: 'Audit' }).click()
  await page.getByLabel('User').fill('bob')
  await page.getByLabel('Outcome').selectOption('refused')
  const found = page.getByText('1 event, the newest first')
  for (let tries = 0; tries < 20 && !await found.isVisible(); tries++) { // events are written within 0.2 s
    await button(page, 'Filter').click()
    await page.waitForTimeout(200)
  }
  t.match(await page.locator('tbody tr').allTextContents(), [/bob.*GET list_keys.*refused: scope/])
  await picture('audit')
  t.strictSame(complaints, [])
  await page.getByLabel('Since').fill('yesterday')
  await button(page, 'Filter').click()
  await page.getByRole('alert').getByText('The parameter since must be').waitFor()
})

t.test('a request is explained, with the key of a row, by a hint or without one', async t => {
  const { page, complaints } = await sit(t)
  const create = ['keys', 'create', '--name', 'explained', '--scopes', 'mlflow:read', '--json']
  const { id, hint } = JSON.parse(await facade.command(create)) as { id: string, hint: string }
  await enter(page, admin)
  await page.getByRole('link', { name: 'Explain a request with explained' }).click()
  const key = page.getByLabel('Key: hint or id')
  t.equal(await key.inputValue(), id)
  const said = page.getByRole('status')
  const rows = async (): Promise<string> => (await page.locator('tbody tr').allTextContents()).map(text => text.replace(/\s+/g, ' ')).join('\n')
  await page.getByLabel('Method').fill('post')
  await page.getByLabel('Path or URL').fill('https://mlflow.example/mlflow/api/2.0/mlflow/runs/delete')
  await page.getByLabel('Body').fill('{"run_id": "<b>1</b>"}')
  await button(page, 'Explain').click()
  await said.getByText('It would be refused.').waitFor()
  t.match(await rows(), /Status ?403[^]*Message.*mlflow:write[^]*Reason ?scope[^]*Operation ?deleteRun[^]*Needs ?mlflow:write[^]*Has ?mlflow:read[^]*MLflow gets ?nothing/)
  await key.fill(hint)
  await page.getByLabel('Method').fill('GET')
  await page.getByLabel('Path or URL').fill('/mlflow/api/2.0/mlflow/experiments/get?experiment_id=0')
  await page.getByLabel('Body').fill('')
  await page.getByLabel('Headers').fill('X-One: 1\nX-Two: 2')
  await button(page, 'Explain').click()
  await said.getByText('It would be forwarded to MLflow.').waitFor()
  t.match(await rows(), new RegExp(`Key.*${id}[^]*MLflow gets.*GET .*/experiments/get`))
  t.strictSame(complaints, [])
  for (const [label, value, sentence] of [
    ['Headers', 'nonsense', 'A header is written as "Name: value"'],
    ['Key: hint or id', 'no such hint', 'No key has this hint.'],
    ['Path or URL', 'nonsense', 'The path must begin with a slash']
  ] as const) {
    const field = page.getByLabel(label)
    const before = await field.inputValue()
    await field.fill(value)
    await button(page, 'Explain').click()
    await page.getByRole('alert').getByText(sentence).waitFor()
    t.equal(await page.locator('tbody').count(), 0, 'what was found before is gone')
    await field.fill(before)
  }
  await key.fill('')
  await button(page, 'Explain').click()
  await said.getByText('It would be refused.').waitFor()
  t.match(await rows(), /Reason ?no_key/)
})

t.test('one sees who calls, what is refused, and who still uses old paths', async t => {
  const { page, complaints, picture } = await sit(t)
  const headers = { authorization: `Bearer ${await facade.createKey('mlflow:read', ['--name', 'busy', '--user', 'eve'])}` }
  for (let calls = 0; calls < 7; calls++) await fetch(`${facade.url}/whoami`, { headers })
  await fetch(`${facade.url}/api/2.0/mlflow/experiments/search`, { method: 'POST', headers, body: '{}' })
  t.equal((await fetch(`${facade.url}/admin/usage`, { headers })).status, 403)
  await enter(page, admin)
  await page.getByRole('link', { name: 'Now' }).click()
  await page.getByRole('heading', { name: /^MLflow/ }).waitFor()
  t.match(await page.locator('.tiles').textContent(), /MLflow.*ok.*Key store.*ok.*Facade \d/)
  const busy = page.getByRole('row').filter({ hasText: 'busy' })
  t.match(await busy.textContent(), /eve9$/)
  t.match(await page.getByRole('row').filter({ hasText: 'scope' }).textContent(), /^scope\d+/)
  t.ok(await drawn(page) > 100, 'lines are drawn')
  await page.getByLabel('Span').selectOption('hours')
  t.match(await busy.textContent(), /eve9$/)
  await picture('now')
  const old = page.getByRole('row').filter({ hasText: 'node' })
  for (let tries = 0; tries < 60 && !await old.isVisible(); tries++) { // the counts are written every ten seconds
    await button(page, 'Load again').click()
    await page.waitForTimeout(250)
  }
  t.match(await old.textContent(), /busy.*eve.*node.*1/)
  t.strictSame(complaints, [])
})

/** How many points of the chart have the colour of its first line. */
async function drawn (page: Page): Promise<number> {
  return await page.evaluate(`(() => {
    const { data } = document.querySelector('canvas').getContext('2d').getImageData(0, 0, 3000, 3000)
    const [, r, g, b] = /#(..)(..)(..)/.exec(getComputedStyle(document.documentElement).getPropertyValue('--line-1')).map(part => parseInt(part, 16))
    let found = 0
    for (let at = 0; at < data.length; at += 4) if (data[at] === r && data[at + 1] === g && data[at + 2] === b && data[at + 3] === 255) found++
    return found
  })()`)
}

t.test('where MLflow cannot be used, the console says why', async t => {
  const gone = await standIn(t, says(answer(200, '3.17.2')))
  const other = await startFacade(t, { mlflowUrl: gone.url.href })
  await gone.stop()
  const page = await (await openBrowser(t)).newPage()
  await page.goto(`${other.url}/console#now`)
  await enter(page, await other.createKey('mlflow:admin'))
  const failed = page.locator('.tiles').getByText(/^failed: /)
  for (let tries = 0; tries < 60 && !await failed.isVisible(); tries++) { // the facade notices within 20 s
    await button(page, 'Load again').click()
    await page.waitForTimeout(500)
  }
  t.match(await page.locator('.tiles').textContent(), /^MLflow 3\.17\.2failed: MLflow .*Key storeokFacade \d+\.\d+\.\d+ok$/)
})

t.test('where events go to standard output, the console says so', async t => {
  const mlflow = await standIn(t, says(answer(200, '3.17.2')))
  const other = await startFacade(t, { mlflowUrl: mlflow.url.href })
  const page = await (await openBrowser(t)).newPage()
  await page.goto(`${other.url}/console#audit`)
  await enter(page, await other.createKey('mlflow:admin'))
  await page.getByRole('alert').getByText('AUDIT_LOG').waitFor()
  t.match(await page.getByRole('alert').textContent(), /stdout/)
})

for (const [name, options] of Object.entries({
  light: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { viewport: { width: 320, height: 640 }, reducedMotion: 'reduce' }
})) {
  t.test(`the console is for everybody: ${name}`, async t => {
    const { page, complaints, picture } = await sit(t, options)
    const check = async (what: string): Promise<void> => {
      await picture(`${what}-${name}`)
      t.strictSame(await faultsOf(page), [], what)
    }
    await page.getByLabel("Administrator's API key").waitFor()
    await check('sign-in')
    await enter(page, 'wrong')
    await page.getByRole('alert').waitFor()
    await check('refused')
    complaints.length = 0
    await enter(page, admin)
    await page.getByRole('row').getByText('for the console').waitFor()
    await check('keys')
    await page.getByRole('button', { name: 'Revoke for the console' }).focus()
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Revoke for the console?' }).waitFor()
    await check('revoke')
    await page.keyboard.press('Escape')
    t.equal(await page.evaluate('document.activeElement.getAttribute("aria-label")'), 'Revoke for the console', 'the focus is back')
    await page.getByRole('link', { name: 'Audit' }).click()
    await page.getByText('the newest first').waitFor()
    await check('audit')
    await page.getByRole('link', { name: 'Explain', exact: true }).click()
    await page.getByLabel('Path or URL').fill('/mlflow/api/2.0/mlflow/experiments/search?max_results=1')
    await page.keyboard.press('Enter')
    await page.getByText('It would be refused.').waitFor()
    await check('explain')
    await page.getByRole('link', { name: 'Now' }).click()
    await page.getByRole('heading', { name: 'Refusals by reason' }).waitFor()
    await check('now')
    t.strictSame(complaints, [])
  })
}

// The last one: the pictures of the others are of few keys.
t.test('a list that is longer than a page goes on', async t => {
  const { page, complaints } = await sit(t)
  const keys = Array.from({ length: 60 }, (_, index) => ({ key: `of-another-system-${index}-0123456789`, name: `imported ${index}`, user_id: 'importer' }))
  const headers = { authorization: `Bearer ${admin}`, 'content-type': 'application/json' }
  t.equal((await fetch(`${facade.url}/admin/keys/import`, { method: 'POST', headers, body: JSON.stringify({ keys }) })).status, 200)
  await enter(page, admin)
  await page.getByLabel('Owner').fill('importer')
  await button(page, 'Filter').click()
  await page.getByText('50 keys, and more').waitFor()
  await button(page, 'Show more').click()
  await page.getByText('60 keys.').waitFor()
  t.equal(await page.locator('tbody tr').count(), 60)
  t.equal(await button(page, 'Show more').count(), 0)
  await page.getByLabel('Owner').fill('nobody')
  await page.keyboard.press('Enter')
  await page.getByText('0 keys.').waitFor()
  t.strictSame(complaints, [])
})
