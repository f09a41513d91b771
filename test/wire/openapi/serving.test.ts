/** The document and Swagger UI's files as they go out: compressed, revalidated, and made without anybody waiting for it. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { versions } from '../../../src/mlflow/versions.js'
import { facade } from '../../helpers/app.js'

t.setTimeout(300_000)

const { call } = await facade(t)
const bundle = '/docs/static/swagger-ui-bundle.js'

t.test('the documents and the files of Swagger UI go out compressed as the caller likes, with a length, and are the same bytes in each coding', async t => {
  for (const path of ['/openapi.json', '/openapi.yaml', '/openapi.json?mlflow=all', '/openapi.yaml?mlflow=3.9.0', '/docs/json', '/docs/yaml', bundle]) {
    const plain = await call('GET', path, { key: null })
    const gz = await call('GET', path, { key: null, headers: { 'Accept-Encoding': 'gzip, deflate' } })
    const br = await call('GET', path, { key: null, headers: { 'Accept-Encoding': 'gzip;q=0.9, br' } })
    t.strictSame([plain, gz, br].map(answer => [answer.status, answer.header('content-encoding'), answer.chunked]), [[200, undefined, false], [200, 'gzip', false], [200, 'br', false]], path)
    t.ok(gunzipSync(gz.body).equals(plain.body))
    t.ok(brotliDecompressSync(br.body).equals(plain.body))
    t.ok(br.body.length < plain.body.length / 4)
    for (const answer of [plain, gz, br]) {
      t.equal(answer.header('vary'), 'Accept-Encoding')
      t.equal(Number(answer.header('content-length')), answer.body.length)
      t.match(answer.header('etag'), /^"[\w-]+"$/, 'strong')
    }
    t.equal(new Set([plain, gz, br].map(answer => answer.header('etag'))).size, 3)
  }
  t.equal((await call('GET', '/openapi.json', { key: null, headers: { 'Accept-Encoding': 'identity;q=0' } })).status, 406)
})

t.test('HEAD says what GET would, without the bytes', async t => {
  const said = ['content-type', 'content-length', 'content-encoding', 'etag', 'vary', 'cache-control']
  for (const path of ['/openapi.json', '/openapi.yaml', bundle]) {
    for (const headers of [{}, { 'Accept-Encoding': 'br' }] as Array<Record<string, string>>) {
      const [get, head] = [await call('GET', path, { key: null, headers }), await call('HEAD', path, { key: null, headers })]
      t.equal(head.status, 200)
      t.strictSame(said.map(name => head.header(name)), said.map(name => get.header(name)), path)
    }
  }
})

t.test('whoever has it already is told so, by the tag of the coding that it would get', async t => {
  for (const path of ['/openapi.json', '/openapi.yaml', bundle]) {
    const accepted = { 'Accept-Encoding': 'gzip' }
    const etag = (await call('GET', path, { key: null, headers: accepted })).header('etag') ?? ''
    for (const given of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await call(method, path, { key: null, headers: { ...accepted, 'If-None-Match': given } })
        t.equal(answer.status, 304, `${method} ${path} ${given}`)
        t.equal(answer.header('etag'), etag)
        t.equal(answer.header('vary'), 'Accept-Encoding')
        t.equal(answer.body.length, 0)
      }
    }
    t.equal((await call('GET', path, { key: null, headers: { 'If-None-Match': etag } })).status, 200, 'uncompressed bytes have another tag')
    t.equal((await call('GET', path, { key: null, headers: { ...accepted, 'If-None-Match': '"other"' } })).status, 200)
  }
})

t.test('while editions are being made, other calls are answered', async t => {
  const { call } = await facade(t)
  const state = { making: true, answered: 0 }
  const editions = ['all', versions.at(0)].flatMap(version => ['json', 'yaml'].map(async form => await call('GET', `/openapi.${form}?mlflow=${version}`, { key: null })))
  const made = Promise.all(editions).finally(() => { state.making = false })
  while (state.making) if ((await call('GET', '/live', { key: null })).status === 200) state.answered++
  t.ok((await made).every(({ status }) => status === 200))
  t.ok(state.answered > 100, `${state.answered} calls`)
})

t.test('a file that Swagger UI does not have is not found, whatever its name', async t => {
  for (const name of ['nothing.js', 'toString', '%2e%2e%2fpackage.json', '..%2findex.js', '/etc/passwd', '']) {
    t.ok([400, 404].includes((await call('GET', `/docs/static/${name}`, { key: null })).status), name)
  }
})

t.test('no edition but the known ones is made, by whichever of the paths it is asked for', async t => {
  const { call } = await facade(t)
  for (const path of ['/openapi.json', '/openapi.yaml', '/docs/json', '/docs/yaml']) {
    for (const query of ['mlflow=9.9.1', 'mlflow=3.9.0&mlflow=all', 'mlflow=', 'mlflow[]=all&mlflow=x']) {
      const refused = await call('GET', `${path}?${query}`, { key: null })
      t.equal(refused.status, 400, `${path}?${query}`)
      t.match(refused.json().message, /^The parameter mlflow /)
    }
  }
  t.equal((await call('GET', '/docs/json?mlflow=3.9.0', { key: null })).status, 200)
})
