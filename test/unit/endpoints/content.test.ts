/** Which coding a caller gets, and when it has the content already: RFC 9110, sections 12.5.3 and 13.1.2. */
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import t from 'tap'
import { chooseCoding, compress, isKnown } from '../../../src/endpoints/content.js'

t.test('Accept-Encoding is read with its weights', async t => {
  const cases: ReadonlyArray<readonly [accepted: string | undefined, wanted: string | undefined]> = [
    [undefined, 'identity'],
    ['', 'identity'],
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, deflate', 'gzip'],
    ['GZIP', 'gzip'],
    ['x-gzip', 'gzip'],
    ['deflate', 'identity'],
    ['br;q=0.5, gzip;q=0.9', 'gzip'],
    ['br ; q=0.5 , gzip ; q=0.9', 'gzip'],
    ['br;q=0, gzip;q=0', 'identity'],
    ['br;q=0, *', 'gzip'],
    ['*', 'br'],
    ['*;q=0', undefined],
    ['identity;q=0', undefined],
    ['identity;q=0, gzip;q=0.001', 'gzip'],
    ['identity, gzip;q=0.5', 'identity'],
    ['gzip;q=nonsense', 'identity'],
    ['*;q=0, identity', 'identity'],
    ['br'.padEnd(1024), 'br'],
    ['br'.padEnd(1025), 'identity'],
    ['identity;q=0, br'.padEnd(1025), 'identity']
  ]
  for (const [accepted, wanted] of cases) t.equal(chooseCoding(accepted, ['br', 'gzip', 'identity']), wanted, (accepted ?? 'none').slice(0, 50))
  t.equal(chooseCoding('br, gzip', ['gzip', 'identity']), 'gzip', 'what is not offered is not chosen')
})

t.test('If-None-Match is a list, compared weakly, or a star', async t => {
  for (const given of ['"a"', 'W/"a"', '"b", "a"', '"b",W/"a"', '*', ' * ', '"x,y", "a"']) t.ok(isKnown(given, '"a"'), given)
  for (const given of [undefined, '', 'a', '"b"', '"A"', '"a-gzip"', '"b, a"', '"'.repeat(49_999)]) t.notOk(isKnown(given, '"a"'), (given ?? 'none').slice(0, 20))
})

t.test('the longest headers are read in no time', async t => {
  const cases: ReadonlyArray<readonly [name: string, read: (value: string) => unknown]> = [
    ['Accept-Encoding', value => chooseCoding(value, ['br', 'gzip', 'identity'])],
    ['If-None-Match', value => isKnown(value, '"a"')]
  ]
  for (const [name, read] of cases) {
    for (const part of [';', ',', '"', '""', '"b",', 'a;q=1,', ' ']) {
      const value = part.repeat(80_000 / part.length)
      const start = process.cpuUsage()
      for (let count = 0; count < 10; count++) read(value)
      const { user } = process.cpuUsage(start)
      t.ok(user < 20_000, `${name} of ${part}: ${user / 10_000} ms`)
    }
  }
})

t.test('every coding holds the same bytes under a tag of its own, and one that saves nothing is left out', async t => {
  const text = Buffer.from('the same again and again. '.repeat(100))
  const { forms } = await compress('text/plain', text)
  t.strictSame(forms.map(({ coding }) => coding), ['br', 'gzip', 'identity'])
  t.equal(new Set(forms.map(({ etag }) => etag)).size, 3)
  t.same(forms.map(({ body, coding }) => coding === 'br' ? brotliDecompressSync(body) : coding === 'gzip' ? gunzipSync(body) : body), [text, text, text])
  t.strictSame((await compress('text/plain', Buffer.from('short'))).forms.map(({ coding }) => coding), ['identity'])
})
