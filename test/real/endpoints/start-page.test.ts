/** The start page: the right base URL for everyone, nothing that a hostile header could plant, and old links of the bare host go on. */
import { createHash } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import { chromium } from 'playwright-core'
import t from 'tap'
import page from '../../../src/endpoints/start-page.js'
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
  for (const tag of ['script', 'style']) {
    const source = new RegExp(`<${tag}>([^]*?)</${tag}>`).exec(body)?.[1] ?? ''
    t.ok(policy.includes(`'sha256-${createHash('sha256').update(source).digest('base64')}'`), tag)
  }
  t.strictSame([...body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, link]) => link).filter(link => !link?.startsWith('/') && link !== 'data:,'), [])
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
