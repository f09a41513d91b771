/** The console as it goes out: to everybody, with nothing in it that is not ours, and all that its modules name. */
import t from 'tap'
import { facade } from '../../helpers/app.js'

const { call } = await facade(t)
const get = async (path: string, headers: Readonly<Record<string, string>> = {}): ReturnType<typeof call> => await call('GET', path, { key: null, headers })

t.test('the page needs no key, runs files of ours alone, and nobody may keep or frame it', async t => {
  const page = await get('/console')
  t.equal(page.status, 200)
  const policy = page.header('content-security-policy') ?? ''
  for (const wanted of ["default-src 'none'", /script-src 'self' 'sha256-[\w+/=]+';/, "connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'"]) t.match(policy, wanted)
  t.notMatch(policy, /unsafe|\*|https?:/)
  t.equal(page.header('cache-control'), 'no-store')
  t.equal(page.header('x-content-type-options'), 'nosniff')
  t.notMatch(page.text(), /https?:\/\//)
  t.notMatch(page.text(), / style=| on\w+=/)
  t.match(await get('/console/'), { status: 308 })
  t.equal((await get('/console/')).header('location'), '/console')
})

t.test('every module is there by the names that others have for it', async t => {
  const { imports } = JSON.parse(/<script type="importmap">(.*?)<\/script>/.exec((await get('/console')).text())?.[1] ?? '') as { readonly imports: Readonly<Record<string, string>> }
  const waiting = ['/console/main.js', ...Object.values(imports)]
  const seen = new Set<string>()
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (seen.has(path)) continue
    seen.add(path)
    const file = await get(path)
    t.strictSame([file.status, file.header('content-type')], [200, 'text/javascript; charset=utf-8'], path)
    for (const [, name = ''] of file.text().matchAll(/\b(?:import|export)\b[^"'`;]*\bfrom ?["']([\w./-]+)["']/g)) waiting.push(imports[name] ?? new URL(name, `http://host${path}`).pathname)
  }
  t.ok(seen.size > 15)
  const preloaded = [...(await get('/console')).text().matchAll(/<link rel="modulepreload" href="([^"]+)">/g)].map(([, path]) => path)
  t.strictSame(preloaded.sort(), [...seen].sort(), 'the page names all of them, so that none waits for another')
})

t.test('files are compressed and asked for anew by their entity tag; nothing else is served', async t => {
  for (const path of ['/console/main.js', '/console/console.css', '/console/lib/preact.js', '/console/lib/uplot.css']) {
    const file = await get(path, { 'Accept-Encoding': 'br' })
    t.strictSame([file.status, file.header('cache-control'), file.header('x-content-type-options')], [200, 'no-cache', 'nosniff'], path)
    t.equal((await get(path, { 'Accept-Encoding': 'br', 'If-None-Match': file.header('etag') ?? '' })).status, 304, path)
  }
  for (const path of ['/console/tsconfig.json', '/console/.tsbuildinfo', '/console/package.json', '/console/lib', '/console/lib/constructor', '/console/__proto__', '/console/..%2f..%2fpackage.json']) {
    t.ok([400, 404].includes((await get(path)).status), path)
  }
})
