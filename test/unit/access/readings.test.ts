import fc from 'fast-check'
import t from 'tap'
import { collapseSlashes, dataSlash, decode, undisguise } from '../../../src/access/readings.js'

const raw = fc.array(fc.constantFrom('/', '//', '%2f', '%2F', '%', '%%', '%z', '%4', '%41', '%c3%a9', '%ff', '%00', 'a', 'B', ';', ';x', '.', '~')).map(pieces => pieces.join(''))

t.test('what is well formed is decoded to its bytes', t => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), text => {
    const encoded = encodeURIComponent(text)
    return decode(encoded, '/') === Buffer.from(text).toString('latin1')
  }))
  t.end()
})

t.test('what is malformed stays, and nothing is decoded twice, as in Python', t => {
  for (const [path, decoded] of [['%', '%'], ['a%2', 'a%2'], ['%zz%41', '%zzA'], ['%4%41', '%4A'], ['%%32F', '%2F'], ['%252F', '%2F'], ['90%data', '90\xdata'], ['%ff%FE', '\xff\xfe'], ['plain', 'plain']] as const) {
    t.equal(decode(path, '/'), decoded, path)
  }
  t.end()
})

t.test('an encoded slash becomes what the reading says, a raw one stays', t => {
  fc.assert(fc.property(raw, path => {
    const separated = decode(path, '/')
    const asData = decode(path, dataSlash)
    return asData.replaceAll(dataSlash, '/') === separated && asData.split('/').length === path.split('/').length
  }), { numRuns: 1000 })
  t.end()
})

t.test('the laxest reading knows neither case nor parameters nor empty segments', t => {
  fc.assert(fc.property(raw, path => undisguise(path) === collapseSlashes(path.replace(/;[^/]*/g, '').toLowerCase())), { numRuns: 1000 })
  fc.assert(fc.property(raw, path => collapseSlashes(path) === path.replace(/\/{2,}/g, '/')), { numRuns: 1000 })
  t.equal(undisguise('/A;x/;y/b;'), '/a/b')
  t.end()
})
