/** A page of another origin in a real Chromium calls with fetch: one that is in CORS_ALLOWED_ORIGINS, and one that is not. */
import { createServer } from 'node:http'
import t, { type Test } from 'tap'
import { facade, keys } from '../helpers/app.js'
import { openBrowser } from '../../scripts/browser.js'
import { freePort } from '../../scripts/mlflow/ports.js'
import { echo } from '../helpers/upstream.js'

t.setTimeout(120_000)

/** What a page gets of a call: what it may read of the answer, or that its browser kept all of it. */
interface Got { readonly status?: number, readonly text?: string, readonly requestId?: string | null, readonly deprecation?: string | null, readonly failed?: string }

async function serve (t: Test, port: number): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<title>A page</title>')).listen(port, '127.0.0.1')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://localhost:${port}`
}

t.test('a page of the list reads and writes with a key in a header, and none but those pages', async t => {
  const listed = await serve(t, await freePort())
  const other = await serve(t, await freePort())
  const up = await facade(t, echo, { env: { CORS_ALLOWED_ORIGINS: listed } })
  const browser = await openBrowser(t)

  /** Has the page of an origin make a call as scripts do, with what its browser adds. */
  async function from (origin: string, path: string, init: RequestInit): Promise<Got> {
    const page = await browser.newPage()
    await page.goto(origin)
    const got = await page.evaluate(async ([url, init]) => {
      try {
        const answer = await fetch(url, init)
        return { status: answer.status, text: await answer.text(), requestId: answer.headers.get('x-request-id'), deprecation: answer.headers.get('deprecation') }
      } catch (error) {
        return { failed: String(error) }
      }
    }, [`http://127.0.0.1:${up.port}${path}`, init] as const)
    await page.close()
    return got
  }

  const search = '/mlflow/api/2.0/mlflow/experiments/search'
  const headers = { authorization: `Bearer ${keys.write}`, 'content-type': 'application/json', 'x-mlflow-workspace': 'team-a' }
  const write = { method: 'POST', headers, body: '{"name":"from a page"}' }
  const uploaded = { method: 'PUT', headers: { 'x-api-key': keys.write }, body: 'bytes' }

  t.match(await from(listed, search, { headers }), { status: 200, requestId: /^[\da-f-]{36}$/ })
  t.match(await from(listed, '/mlflow/api/2.0/mlflow/experiments/create', write), { status: 200, text: write.body })
  t.match(await from(listed, '/mlflow/api/2.0/mlflow-artifacts/artifacts/1/x', uploaded), { status: 200, text: uploaded.body })
  t.match(await from(listed, search, {}), { status: 401, text: /UNAUTHENTICATED/ }, 'a refusal can be read, too')
  t.match(await from(listed, '/api/2.0/mlflow/experiments/search', { headers: { 'x-api-key': keys.write } }), { status: 200 }, 'an old path leads on, with the key')
  t.match(await from(listed, '/api/2.0/mlflow/runs/create', write), { status: 200, deprecation: /^@/ })
  t.match(await from(listed, search, { headers, credentials: 'include' }), { failed: /Failed to fetch/ }, 'never with what the browser itself would add')

  up.mlflow.calls.length = 0
  for (const [path, init] of [[search, { headers }], ['/mlflow/api/2.0/mlflow/experiments/create', write], ['/mlflow/api/2.0/mlflow-artifacts/artifacts/1/x', uploaded], ['/whoami', { headers }]] as const) {
    t.match(await from(other, path, init), { failed: /Failed to fetch/ }, path)
  }
  t.equal(up.mlflow.calls.length, 0, 'its browser asked first, and did not call')
})
