import fc from 'fast-check'
import t from 'tap'
import { couldBeKey, presentedKey } from '../../../src/auth/credentials.js'

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const from = (authorization: string[], apiKey: string[] = [], gatewayKey: string[] = [], onGateway = false): ReturnType<typeof presentedKey> => presentedKey({ authorization, apiKey, gatewayKey }, onGateway)
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'

t.test('a key is found in every form in which clients send one', async t => {
  const expected = { kind: 'key', key: 'K1' }
  t.strictSame(from(['Bearer K1']), expected)
  t.strictSame(from(['ApiKey K1']), expected)
  t.strictSame(from([], ['K1']), expected)
  t.strictSame(from([basic('anyone', 'K1')]), expected)
  t.strictSame(from([basic('', 'K1')]), expected)
  t.strictSame(from(['bearer   K1']), expected, 'several spaces')
  t.strictSame(from([basic('user', 'a:b')]), { kind: 'key', key: 'a:b' }, 'only the first colon parts user and password')
})

t.test('no header is no key', async t => {
  t.strictSame(from([]), { kind: 'none' })
})

t.test('credentials that cannot be read are a malformed key, never none', async t => {
  for (const value of ['', 'Bearer', 'Bearer ', 'K1', 'Digest username="x"', 'Basic', 'Basic !!!', `Basic ${Buffer.from('no colon').toString('base64')}`, basic('K1', ''), 'Negotiate abc', 'Bearer\tK1']) {
    t.strictSame(from([value]), { kind: 'key', key: '' }, value)
  }
  t.strictSame(from([], ['']), { kind: 'key', key: '' })
})

t.test('the same key several times is one key', async t => {
  t.strictSame(from(['Bearer K1', 'ApiKey K1', basic('u', 'K1')], ['K1', 'K1']), { kind: 'key', key: 'K1' })
})

t.test('two different keys conflict, whichever comes first and in which header', async t => {
  const places = ['bearer', 'apikey', 'basic', 'x-api-key'] as const
  const present = (parts: ReadonlyArray<readonly [typeof places[number], string]>): ReturnType<typeof presentedKey> => from(
    parts.flatMap(([place, key]) => place === 'x-api-key' ? [] : [place === 'basic' ? basic('u', key) : `${place} ${key}`]),
    parts.flatMap(([place, key]) => place === 'x-api-key' ? [key] : [])
  )
  const part = fc.tuple(fc.constantFrom(...places), fc.constantFrom('K1', 'K2'))
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), parts => {
    const keys = new Set<string>(parts.map(([, key]) => key))
    const presented = present(parts)
    return keys.size === 1 ? presented.kind === 'key' && keys.has(presented.key) : presented.kind === 'conflict'
  }))
  t.strictSame(from(['Bearer K1', basic('u', 'K1')], ['K2']), { kind: 'conflict', headers: ['Authorization', 'X-API-Key'] }, 'it is told where they stand')
})

t.test('what cannot be a key is none beside one that can, in whatever header it stands', async t => {
  for (const value of ['', ' ', 'Bearer', 'Bearer ', 'Basic', basic('user', ''), `Basic ${Buffer.from('no colon').toString('base64')}`, 'Basic !!!', 'Digest username="x", nonce="y"', 'Negotiate YIIB', 'AWS4-HMAC-SHA256 Credential=x', `Bearer ${jwt}`, basic('oauth2', jwt), `Bearer ${'x'.repeat(513)}`]) {
    t.strictSame(from([value], ['K1']), { kind: 'key', key: 'K1' }, value)
    t.strictSame(from(['Bearer K1', value]), { kind: 'key', key: 'K1' }, value)
    t.strictSame(from([value, 'Bearer K1']), { kind: 'key', key: 'K1' }, value)
  }
  for (const value of ['', ' ', jwt]) t.strictSame(from(['Bearer K1'], [value]), { kind: 'key', key: 'K1' }, value)
  for (const value of ['K1, K2', 'K1,K1', 'K1 K2', '"K1"', 'Bearer K1', 'é']) t.match(from(['Bearer K1'], [value]), { kind: 'conflict' }, `${value}: perhaps two, joined on the way`)
  t.strictSame(from([`Bearer ${jwt}`]), { kind: 'key', key: jwt }, 'alone it is tried')
  t.match(from([`Bearer ${jwt}`], [`${jwt}x`]), { kind: 'conflict' })
  t.strictSame(from(['Digest x'], ['']), { kind: 'key', key: '' }, 'several that are none are a malformed one')
})

t.test('a JWT is known by its form, everything else could be somebody\'s key', async t => {
  for (const text of ['hk_live_x', 'K', 'eyJ', 'eyJhbGciOiJSUzI1NiJ9', 'eyJhbGciOiJSUzI1NiJ9.x', 'ya29.a0AfH6SMB.x', 'a.b.c', 'sk-ant-api03-x', `${jwt}=`, 'x'.repeat(512)]) t.ok(couldBeKey(text), text)
  for (const text of ['', jwt, 'eyJhbGciOiJub25lIn0.e30.', 'eyJhbGciOiJSU0EtT0FFUCJ9.a.b.c.d', 'x'.repeat(513)]) t.notOk(couldBeKey(text), text)
})

t.test('on the LLM gateway the headers of Gemini\'s and Azure\'s SDKs hold keys too, elsewhere they are none', async t => {
  t.strictSame(from([], [], ['K1'], true), { kind: 'key', key: 'K1' })
  t.strictSame(from([], [], ['K1', ' K1 '], true), { kind: 'key', key: 'K1' })
  t.strictSame(from(['Bearer K1'], ['K1'], ['K1'], true), { kind: 'key', key: 'K1' })
  t.strictSame(from(['Bearer K1'], [], ['K2'], true), { kind: 'conflict', headers: ['Authorization', 'x-goog-api-key or api-key'] })
  t.match(from([], [], ['K1', 'K2'], true), { kind: 'conflict' })
  t.strictSame(from(['Bearer K1'], [], ['']), { kind: 'key', key: 'K1' })
  t.strictSame(from([], [], ['K1']), { kind: 'none' })
  t.strictSame(from(['Bearer K1'], [], ['K2']), { kind: 'key', key: 'K1' })
})

t.test('schemes are read without case', async () => {
  const mixed = (word: string): fc.Arbitrary<string> => fc.array(fc.boolean(), { minLength: word.length, maxLength: word.length }).map(upper => [...word].map((c, i) => upper[i] === true ? c.toUpperCase() : c.toLowerCase()).join(''))
  fc.assert(fc.property(fc.oneof(mixed('bearer'), mixed('apikey')), scheme => from([`${scheme} K1`]).kind === 'key' && JSON.stringify(from([`${scheme} K1`])).includes('K1')))
})

t.test('any header text gives an answer, and one header never a conflict', async () => {
  fc.assert(fc.property(fc.string(), value => from([value]).kind === 'key' && from([], [value]).kind === 'key'))
})

t.test('a key comes through unchanged', async () => {
  const key = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code)), minLength: 1, maxLength: 60 })
  fc.assert(fc.property(key, key => {
    return [from([`Bearer ${key}`]), from([`APIKEY ${key}`]), from([], [key]), from([basic('u', key)])].every(presented => presented.kind === 'key' && presented.key === key)
  }))
})
