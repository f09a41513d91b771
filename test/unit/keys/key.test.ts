import fc from 'fast-check'
import t from 'tap'
import { createId, environmentOf, formOf, generateKey, hashKey, hintOf, isPlausible, keyPattern } from '../../../src/keys/key.js'

const environment = fc.constantFrom('live' as const, 'test' as const)
const base62 = fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')

t.test('a new key has the published shape and carries its environment', async () => {
  fc.assert(fc.property(environment, environment => {
    const key = generateKey(environment)
    return keyPattern.test(key) && key.length === 50 && formOf(key) === 'sealed' && environmentOf(key) === environment && isPlausible(key)
  }))
})

t.test('the checksum stays as published, so that scanners can rely on it', async t => {
  t.equal(formOf('hk_live_000000000000000000000000000000000000' + '2TytCp'), 'sealed')
  t.equal(formOf('hk_test_ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789' + '4ftZj9'), 'sealed')
})

t.test('one wrong character breaks the checksum, wherever it stands', async () => {
  fc.assert(fc.property(environment, fc.integer({ min: 8, max: 49 }), base62, (environment, place, character) => {
    const key = generateKey(environment)
    fc.pre(key[place] !== character)
    return formOf(key.slice(0, place) + character + key.slice(place + 1)) === 'broken'
  }))
})

t.test('a key of one environment is none of the other', async () => {
  fc.assert(fc.property(fc.constant(null), () => formOf(generateKey('test').replace('_test_', '_live_')) === 'broken'))
})

t.test('random text of the right length is next to never a key', async () => {
  fc.assert(fc.property(fc.string({ unit: base62, minLength: 42, maxLength: 42 }), text => formOf(`hk_live_${text}`) === 'broken'), { numRuns: 1000 })
})

t.test('keys of other lengths are the platform\'s, all else is foreign', async t => {
  t.equal(formOf(`hk_live_${'a'.repeat(32)}`), 'platform')
  t.equal(formOf(`hk_test_${'a'.repeat(40)}`), 'platform')
  t.equal(formOf(`hk_prod_${'a'.repeat(42)}`), 'foreign')
  t.equal(formOf(`hk_live_${'-'.repeat(42)}`), 'foreign')
  t.equal(formOf(`hk_live_${'a'.repeat(42)}\n`), 'foreign')
  t.equal(environmentOf('sk-abc'), 'other')
})

t.test('every character of base62 comes about as often as any other', async t => {
  const counts = new Map<string, number>()
  for (let i = 0; i < 2000; i++) for (const character of generateKey('live').slice(8, 44)) counts.set(character, (counts.get(character) ?? 0) + 1)
  t.equal(counts.size, 62)
  const expected = 2000 * 36 / 62
  const chiSquare = [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
  // 61 degrees of freedom: above 130 by chance about once in a million runs; a plain remainder of bytes gives several hundred.
  t.ok(chiSquare < 130, `chi-square ${chiSquare}`)
})

t.test('the hash is SHA-256 in hexadecimal', async t => {
  t.equal(hashKey('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
})

t.test('a hint tells keys apart and gives little away', async t => {
  t.equal(hintOf(`hk_live_ab12${'z'.repeat(38)}`), 'hk_live_ab12…')
  t.equal(hintOf('hk_test_abcd'), 'hk_test_a…')
  t.equal(hintOf('sk-0123456789abcdef'), 'sk-0…')
  t.equal(hintOf('abc'), '…')
  fc.assert(fc.property(fc.string({ unit: base62, maxLength: 100 }), key => hintOf(key).length - 1 <= key.length / 4))
})

t.test('ids are no keys and do not repeat', async t => {
  const ids = Array.from({ length: 1000 }, createId)
  t.equal(new Set(ids).size, 1000)
  t.ok(ids.every(id => /^key_[0-9A-Za-z]{16}$/.test(id)))
})
