import fc from 'fast-check'
import t from 'tap'
import { presentedKey } from '../../src/auth/credentials.js'

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const from = (authorization: string[], apiKey: string[] = []): ReturnType<typeof presentedKey> => presentedKey({ authorization, apiKey })

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
  t.strictSame(from(['Digest x'], ['K1']), { kind: 'conflict' }, 'unreadable credentials beside a key')
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
