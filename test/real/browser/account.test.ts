/** People in a real browser sign in at a real provider, and out again; in between the provider changes its mind. */
import { setTimeout as delay } from 'node:timers/promises'
import type { BrowserContext, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { openBrowser } from '../../../scripts/browser.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
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
