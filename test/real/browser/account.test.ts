/** People in a real browser sign in at a real provider, and out again; in between the provider changes its mind. */
import { setTimeout as delay } from 'node:timers/promises'
import type { BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { openBrowser } from '../../../scripts/browser.js'
import { complaintsOf } from '../../helpers/complaints.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { faultsOf, takePicture } from '../../helpers/looks.js'
import { facadeClient, startProvider, type RealProvider } from '../../helpers/provider.js'
import { answer, says, standIn } from '../../helpers/upstream.js'

t.setTimeout(200_000)

interface Seat {
  readonly facade: FacadeProcess
  readonly provider: RealProvider
  readonly context: BrowserContext
  readonly page: Page
  /** From the sign-in page to the provider's. */
  readonly away: (next?: string) => Promise<void>
  readonly signIn: (next?: string) => Promise<void>
}

async function sit (t: Test, env: Readonly<Record<string, string>> = {}): Promise<Seat> {
  const provider = await startProvider(t, ['ml-team'])
  const mlflow = await standIn(t, says(answer(200, '<title>MLflow</title><h1>Experiments</h1>', { 'content-type': 'text/html' })))
  const facade = await startFacade(t, {
    mlflowUrl: mlflow.url.href,
    env: {
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: facadeClient.id,
      OIDC_CLIENT_SECRET: facadeClient.secret,
      OIDC_SCOPES: 'openid email groups',
      OIDC_NAME: 'Acme',
      OIDC_ROLES: JSON.stringify([{ claim: 'groups', value: 'ml-team', scopes: ['mlflow:write'] }]),
      ...env
    }
  })
  provider.serve(facade.url)
  const browser = await openBrowser(t)
  const context = await browser.newContext()
  const page = await context.newPage()
  const away = async (next = '/mlflow/#/experiments/1'): Promise<void> => {
    await page.goto(facade.url + next)
    await page.getByRole('link', { name: 'Sign in with Acme' }).click()
  }
  const signIn = async (next?: string): Promise<void> => {
    await away(next)
    await page.getByRole('button', { name: 'Continue as Ada' }).click()
  }
  return { facade, provider, context, page, away, signIn }
}

async function isSignedOut ({ page, facade }: Seat): Promise<boolean> {
  await page.goto(`${facade.url}/mlflow/`)
  return new URL(page.url()).pathname === '/login'
}

t.test('from a link to the provider and back to the link, and out here and there', async t => {
  const seat = await sit(t)
  const { facade, context, page, provider, signIn } = seat
  await signIn()
  await page.waitForURL(`${facade.url}/mlflow/#/experiments/1`)
  const [session, ...more] = (await context.cookies(facade.url)).filter(({ name }) => name.startsWith('hokusai_'))
  t.match(session, { name: 'hokusai_session', httpOnly: true, sameSite: 'Lax' })
  t.strictSame(more, [], 'nothing of the sign-in is left')
  await page.goto(facade.url)
  await page.getByText('ada@acme.example').first().waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL(`${provider.issuer}/session/end?**`)
  await page.getByRole('button', { name: 'Yes, sign me out' }).click()
  await page.waitForURL(`${facade.url}/**`)
  t.ok(await isSignedOut(seat))
  await page.getByRole('link', { name: 'Sign in with Acme' }).click()
  await page.getByRole('button', { name: 'Continue as Ada' }).waitFor() // the provider has forgotten her, too
})

t.test('who loses the group is out at the next question to the provider', async t => {
  const seat = await sit(t, { OIDC_REFRESH_SECONDS: '2' })
  const { provider, page, facade, signIn } = seat
  await signIn()
  await page.waitForURL(`${facade.url}/mlflow/**`)
  await delay(2100)
  t.notOk(await isSignedOut(seat), 'asked again, and still of the team')
  provider.groups = ['others']
  await delay(2100)
  t.ok(await isSignedOut(seat))
})

t.test('a session ends after SESSION_MAX_SECONDS, whatever the provider says', async t => {
  const seat = await sit(t, { SESSION_MAX_SECONDS: '4' })
  await seat.signIn()
  await seat.page.waitForURL(`${seat.facade.url}/mlflow/**`)
  t.notOk(await isSignedOut(seat))
  await delay(4100)
  t.ok(await isSignedOut(seat))
})

t.test('a state, a nonce or an issuer that is not the one of the sign-in is refused, and the page says so', async t => {
  const seat = await sit(t)
  const { facade, page, away } = seat
  for (const name of ['state', 'nonce']) {
    await page.route('**/login/oidc?**', async route => {
      const response = await route.fetch({ maxRedirects: 0 })
      const location = new URL(response.headers()['location'] ?? '')
      location.searchParams.set(name, 'of-somebody-else')
      await route.fulfill({ response, headers: { ...response.headers(), location: location.href } })
    })
    await away()
    const button = page.getByRole('button', { name: 'Continue as Ada' })
    const alert = page.getByRole('alert')
    await button.or(alert).waitFor() // she is asked once, and known from then on
    if (await button.isVisible()) await button.click()
    await alert.waitFor()
    t.match(await alert.textContent(), /did not sign the person in/, name)
    await page.unroute('**/login/oidc?**')
    t.ok(await isSignedOut(seat), name)
  }
  const begun = await seat.context.request.get(`${facade.url}/login/oidc`, { maxRedirects: 0 })
  const state = new URL(begun.headers()['location'] ?? '').searchParams.get('state') ?? ''
  await page.goto(`${facade.url}/login/callback?${new URLSearchParams({ code: 'x', state, iss: 'https://evil.example' }).toString()}`)
  await page.getByRole('alert').waitFor()
  t.ok(await isSignedOut(seat))
})

/** Whether a key is good, by what `/whoami` answers. */
async function isGood ({ facade }: Seat, key: string): Promise<boolean> {
  return (await fetch(`${facade.url}/whoami`, { headers: { authorization: `Bearer ${key}` } })).status === 200
}

t.test('a person makes a key of their own, which is shown once, and revokes it', async t => {
  const seat = await sit(t)
  const { page, facade, signIn } = seat
  await signIn()
  await page.waitForURL(`${facade.url}/mlflow/**`)
  const complaints = complaintsOf(page, facade.url)
  await page.goto(facade.url)
  await page.getByRole('link', { name: 'Your keys' }).click()
  await page.getByLabel('Name').fill('nightly <b>training</b>')
  await page.getByLabel('It ends').selectOption('in 30 days')
  t.strictSame(await faultsOf(page), [])
  await takePicture(page, 'own-keys')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'The key nightly <b>training</b>' }).waitFor()
  const key = await page.locator('pre').textContent() ?? ''
  t.ok(await isGood(seat, key))
  t.strictSame(await faultsOf(page), [])
  await takePicture(page, 'own-key')
  await page.getByRole('button', { name: 'Copy' }).click()
  await page.getByRole('status').getByText(/Copied|Selected/).waitFor()
  await page.getByRole('link', { name: 'Your keys' }).click()
  await page.getByText('never used').or(page.getByText('last used')).waitFor()
  t.notMatch(await page.content(), key)
  await page.setViewportSize({ width: 320, height: 640 })
  t.strictSame(await faultsOf(page), [])
  await page.getByRole('button', { name: 'Revoke nightly' }).click()
  await page.getByText('You have none.').waitFor()
  t.notOk(await isGood(seat, key))
  t.strictSame(complaints, [])
})

t.test('a script in a page of MLflow\'s gets no key out of it, by no way there is', async t => {
  const seat = await sit(t)
  const { page, facade, signIn } = seat
  await signIn()
  await page.waitForURL(`${facade.url}/mlflow/**`)
  const attack = async (script: string): Promise<string> => await page.evaluate(`(async () => { ${script} })()`)
  t.match(await attack("return await (await fetch('/keys', { method: 'POST', body: new URLSearchParams({ name: 'x' }), headers: { accept: 'text/html' } })).text()"), 'does not say that it comes from there')
  /** Sends the form into a frame or a window of this name. */
  const send = (target: string): string => `
    const form = Object.assign(document.createElement('form'), { method: 'post', action: '/keys', target: '${target}' })
    form.append(Object.assign(document.createElement('input'), { name: 'name', value: 'stolen' }))
    document.body.append(form)
    form.submit()
    await new Promise(resolve => setTimeout(resolve, 1500))`
  const inFrame = await attack(`
    const frame = Object.assign(document.createElement('iframe'), { name: 'frame' })
    document.body.append(frame)
    ${send('frame')}
    return frame.contentDocument.body.textContent`)
  t.match(inFrame, 'does not say that it comes from there')
  const inWindow = await attack(`
    const there = window.open('about:blank', 'window')
    ${send('window')}
    try { return there.document.body.textContent } catch (error) { return error.name }`)
  t.equal(inWindow, 'SecurityError')
  await page.goto(`${facade.url}/keys`)
  t.equal(await page.getByText('stolen').count(), 1, 'it was made, and nobody has seen it')
})
