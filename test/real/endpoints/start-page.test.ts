/** The start page: the right base URL for everyone, nothing that a hostile header could plant, and old links of the bare host go on. */
import { createHash } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import { chromium } from 'playwright-core'
import t from 'tap'
import page from '../../../src/endpoints/start-page.js'
import { toPermissions } from '../../../src/access/permissions.js'
import type { Caller } from '../../../src/keys/contract.js'
import { createLocalLimits } from '../../../src/keys/limits/local.js'
import type { NewerMlflow } from '../../../src/mlflow/newer.js'

async function serve (t: { teardown: (fn: () => unknown) => void }, publicUrl?: string, newer?: NewerMlflow): Promise<FastifyInstance> {
  const app = Fastify({ exposeHeadRoutes: false })
  await app.register(page, { publicUrl: publicUrl === undefined ? undefined : new URL(publicUrl), newer: () => newer })
  app.get('/mlflow/', async (_request, reply) => reply.type('text/html').send('<title>MLflow</title>'))
  t.teardown(async () => await app.close())
  return app
}

const browser = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

t.test('an MLflow newer than all known ones is told of in every form, with what that closes and what mends it', async t => {
  const app = await serve(t, undefined, { version: '3.99.0', unknown: ['/ajax-api/3.0/mlflow/a', '/ajax-api/3.0/mlflow/b'] })
  for (const accept of [browser.accept, '*/*', 'application/json']) {
    const { body } = await app.inject({ url: '/', headers: { accept } })
    for (const wanted of ['MLflow 3.99.0 is newer', 'needs mlflow:admin', '2 are unknown here', 'Upgrading hokusai-mlflow', 'hokusai-mlflow doctor']) t.ok(body.includes(wanted), `${accept}: ${wanted}`)
    t.notOk((await (await serve(t)).inject({ url: '/', headers: { accept } })).body.includes('is newer'), 'else not')
  }
})

t.test('a browser gets a page, curl gets text, a program gets JSON, all with the same tracking URI', async t => {
  const app = await serve(t)
  const headers = { host: 'registry.example:8443' }
  const html = await app.inject({ url: '/', headers: { ...headers, ...browser } })
  const text = await app.inject({ url: '/', headers: { ...headers, accept: '*/*' } })
  const json = await app.inject({ url: '/', headers: { ...headers, accept: 'application/json' } })
  t.match(html.headers['content-type'], /^text\/html/)
  t.match(text.headers['content-type'], /^text\/plain/)
  t.match(json.json(), { tracking_uri: 'http://registry.example:8443/mlflow' })
  for (const { body } of [html, text, json]) {
    for (const wanted of ['http://registry.example:8443/mlflow', 'MLFLOW_TRACKING_TOKEN', 'curl -H', 'BasicMlflowHostCreds', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://registry.example:8443/mlflow/v1/traces']) t.ok(body.includes(wanted), wanted)
  }
})

t.test('PUBLIC_URL wins over the request', async t => {
  const app = await serve(t, 'https://registry.example')
  t.match((await app.inject({ url: '/', headers: { host: 'internal:8080' } })).body, 'MLFLOW_TRACKING_URI=https://registry.example/mlflow\n')
})

t.test('a hostile Host plants neither markup nor a command', async t => {
  const app = await serve(t)
  for (const host of ['"><script>alert(1)</script>', "x';rm -rf ~;'", '$(reboot)', '`reboot`', 'a b']) {
    for (const accept of [browser.accept, '*/*']) {
      const { body, statusCode } = await app.inject({ url: '/', headers: { host, accept } })
      t.equal(statusCode, 200)
      t.match(body, 'https://THIS-HOST/mlflow')
      t.notOk(body.includes(host), host)
    }
  }
})

t.test('the page names no outside host, and its policy allows its own script and style only', async t => {
  const { body, headers } = await (await serve(t)).inject({ url: '/', headers: browser })
  const policy = String(headers['content-security-policy'])
  t.match(policy, /^default-src 'none'/)
  t.notMatch(policy, /unsafe|\*/)
  const inline = [...body.matchAll(/<(script|style)>([^]*?)<\/\1>/g)]
  t.equal(inline.length, 3)
  for (const [, tag = '', source = ''] of inline) t.ok(policy.includes(`'sha256-${createHash('sha256').update(source).digest('base64')}'`), tag)
  t.strictSame([...body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link).filter(link => !link?.startsWith('/') && !link?.startsWith('data:image/svg+xml,')), [])
})

t.test('HEAD is answered without a body', async t => {
  const { statusCode, body } = await (await serve(t)).inject({ method: 'HEAD', url: '/' })
  t.equal(statusCode, 200)
  t.equal(body, '')
})

t.test('a link of the bare host goes on to MLflow, in a browser with the policy in force', async t => {
  const app = await serve(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const chrome = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  t.teardown(async () => await chrome.close())
  const tab = await chrome.newPage()
  const complaints: string[] = []
  tab.on('console', message => { if (message.type() === 'error') complaints.push(message.text()) })
  await tab.goto(`${origin}/`)
  t.match(await tab.title(), 'hokusai-mlflow')
  t.strictSame(complaints, [])
  await tab.goto(`${origin}/#/experiments/1?x=y`)
  await tab.waitForURL(`${origin}/mlflow/#/experiments/1?x=y`)
  t.equal(await tab.title(), 'MLflow')
})

t.test('each guide is copied as it stands by its button, with the keyboard too and over plain HTTP', async t => {
  const app = await serve(t)
  const origin = await app.listen({ host: '127.0.0.1', port: 0 })
  const args = ['--no-sandbox', '--host-resolver-rules=MAP plain.example 127.0.0.1'] // a name that no browser takes for its own host
  const chrome = await chromium.launch({ executablePath: '/usr/bin/chromium', args })
  t.teardown(async () => await chrome.close())
  for (const [place, isSecure] of [[origin, true], [origin.replace('127.0.0.1', 'plain.example'), false]] as const) {
    const tab = await chrome.newPage({ viewport: { width: 320, height: 640 } })
    const complaints: string[] = []
    tab.on('console', message => { if (message.type() === 'error') complaints.push(message.text()) })
    if (isSecure) await tab.context().grantPermissions(['clipboard-read', 'clipboard-write'])
    await tab.goto(`${place}/`)
    t.equal(await tab.evaluate('isSecureContext'), isSecure)
    await tab.evaluate("addEventListener('copy', () => { window.copied = getSelection().toString() })")
    const buttons = tab.getByRole('button', { name: /^Copy/ })
    const codes = await tab.locator('pre').allTextContents()
    t.equal(await buttons.count(), codes.length)
    t.ok(codes.length >= 4)
    for (const [index, code] of codes.entries()) {
      await buttons.nth(index).focus()
      await tab.keyboard.press('Enter')
      await tab.getByRole('status').nth(index).getByText('Copied').waitFor()
      t.equal(await tab.evaluate(isSecure ? 'navigator.clipboard.readText()' : 'copied'), code)
    }
    t.match(await tab.evaluate("getComputedStyle(document.querySelector('pre')).backgroundAttachment"), 'local', 'a shadow shows that there is more')
    t.strictSame(complaints, [])
  }
})

t.test('without scripts there is no button that does nothing', async t => {
  const origin = await (await serve(t)).listen({ host: '127.0.0.1', port: 0 })
  const chrome = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
  t.teardown(async () => await chrome.close())
  const tab = await chrome.newPage({ javaScriptEnabled: false })
  await tab.goto(`${origin}/`)
  t.equal(await tab.getByText('curl', { exact: true }).isVisible(), true)
  t.equal(await tab.locator('button:visible').count(), 0)
})

t.test('who is signed in sees the limit of the key, what is left of it, and when the key ends', async t => {
  const limits = createLocalLimits()
  t.teardown(limits.close)
  const show = async (some: Partial<Caller>): Promise<string> => {
    const whose = { keyId: 'key_a', userId: 'ann', name: 'training', hint: 'hk_test_aaaa', environment: 'test' } as const
    const caller: Caller = { ...whose, scopes: new Set(['mlflow:read']), workspaces: [], ratePerHour: undefined, expiresAt: undefined, ...some }
    const app = Fastify()
    t.teardown(async () => await app.close())
    await app.register(page, { publicUrl: undefined, newer: () => undefined, limits, signedIn: async () => caller })
    return (await app.inject({ url: '/', headers: browser })).body
  }
  t.match(await show({}), 'Its key has no limit on calls, and does not expire.')
  limits.take('key_a', 100, 1)
  for (let look = 0; look < 2; look++) t.match(await show({ ratePerHour: 100, expiresAt: Date.UTC(2027, 0, 2) }), 'Its key may make 100 calls an hour, 99 of them at once now, and expires at 2027-01-02 00:00 UTC.')
  const bound = (count: number): Partial<Caller> => ({ permissions: toPermissions(Array.from({ length: count }, (_, index) => `read:models/<${index}>`)) })
  t.match(await show(bound(2)), 'Of that, its key is bound to read:models/&#60;0&#62;, read:models/&#60;1&#62;. Its key has no limit')
  t.match(await show(bound(12)), 'read:models/&#60;9&#62; and 2 more. Its key')
  t.match(await show({ ratePerHour: 0.5 }), 'Its key may make 0.5 calls an hour')
})
