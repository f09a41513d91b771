/** Patterns, addresses and the shapes of a request's parts, beside regular expressions and plain enumeration. */
import fc from 'fast-check'
import t from 'tap'
import { addressBits, addressText, rangeBits } from '../src/solver/address.js'
import { createBudget } from '../src/solver/budget.js'
import { after, before, compile, matches, mayMeet, samplesOf } from '../src/solver/pattern.js'
import { dimensionOf } from '../src/solver/shapes.js'
import { createWalk, fitsShape } from '../src/solver/walk.js'

const pattern = fc.array(fc.constantFrom('a', 'b', '*', '?', '/'), { maxLength: 6 }).map(tokens => tokens.join(''))
const text = fc.array(fc.constantFrom('a', 'b', '/', 'x'), { maxLength: 7 }).map(chars => chars.join(''))

function regex (glob: string): RegExp {
  return new RegExp(`^${glob.replaceAll('*', '[^]*').replaceAll('?', '[^]').replaceAll('/', '\\/')}$`)
}

t.test('a pattern matches what the same regular expression matches', async t => {
  fc.assert(fc.property(pattern, text, (glob, candidate) => matches(compile(glob), candidate) === regex(glob).test(candidate)), { numRuns: 3000 })
  t.ok(matches(compile('*a*a*a*a*'), 'a'.repeat(2000)), 'a hostile pattern ends')
  t.notOk(matches(compile('*a*a*a*a*a*a*a*b'), 'a'.repeat(2000)))
})

t.test('only a query reads \\* and \\? as the characters themselves', async t => {
  t.ok(matches(compile('\\*', true), '*'))
  t.notOk(matches(compile('\\*', true), 'a'))
  t.ok(matches(compile('a\\b', true), 'a\\b'))
  t.ok(matches(compile('\\*'), '\\abc'))
})

t.test('what is left of a pattern after a text matches exactly the rests', async () => {
  fc.assert(fc.property(pattern, text, text, (glob, head, tail) => after(compile(glob), head).some(rest => matches(rest, tail)) === matches(compile(glob), head + tail)))
  fc.assert(fc.property(pattern, text, text, (glob, head, tail) => before(compile(glob), tail).some(rest => matches(rest, head)) === matches(compile(glob), head + tail)))
})

t.test('samples of a pattern match it, and patterns that a text matches may meet', async () => {
  fc.assert(fc.property(pattern, glob => samplesOf(compile(glob)).every(sample => matches(compile(glob), sample))))
  fc.assert(fc.property(pattern, pattern, text, (one, other, candidate) => !(regex(one).test(candidate) && regex(other).test(candidate)) || mayMeet(compile(one), compile(other))))
})

t.test('the shortest witness is as short as the shortest that enumeration finds, and none is found where there is none', async () => {
  const { shape } = dimensionOf('path', [])
  const paths = enumerate('abx/', 4).map(rest => '/' + rest)
  const list = fc.array(pattern.map(glob => '/' + glob), { minLength: 1, maxLength: 3 })
  const walk = createWalk(createBudget(10_000_000, 1_000_000_000))
  fc.assert(fc.property(fc.array(list, { maxLength: 2 }), fc.array(list, { maxLength: 3 }), (required, forbidden) => {
    const isWanted = (path: string): boolean => required.every(globs => globs.some(glob => regex(glob).test(path))) && !forbidden.flat().some(glob => regex(glob).test(path))
    const found = walk({ required: required.map(globs => globs.map(glob => compile(glob))), forbidden: forbidden.map(globs => globs.map(glob => compile(glob))), shape })
    const first = paths.find(isWanted)
    if (found === undefined) return first === undefined
    return isWanted(found) && fitsShape(found, shape) && (first === undefined ? found.length > 5 : found.length === first.length)
  }), { numRuns: 1500 })
})

t.test('a walk that takes too much work ends with a clear limit', async t => {
  const walk = createWalk(createBudget(1000, 1000))
  const forbidden = [...'abcdefghijklmnop'].map(letter => [compile(`*${letter}*`)])
  const required = [[compile(`*${[...'abcdefghijklmnop'].map(() => '?').join('')}*z*`)]]
  t.throws(() => walk({ required, forbidden, shape: dimensionOf('path', []).shape }), { message: 'this takes more work than is allowed' })
})

t.test('hosts look like hosts', async t => {
  const { shape } = dimensionOf('host', [])
  for (const host of ['a', 'a.b', 'a-b.example.com', 'xn--a.de', '1a.b2', '10.0.0.255', 'a_b.c', '0xg', '0a.b', 'a.', 'a.b.']) t.ok(fitsShape(host, shape), host)
  for (const host of ['', '.', 'a..', '1.', '1.2.3.4.', 'a.1.', '.a', 'a..b', '-a', 'a-', 'a.-b', '1', 'a.1', '10.0.0.256', '10.0.0', '1.2.3.4.5', '01.2.3.4', '0x1f', 'a.0x', 'A', 'a:80', 'a b']) t.notOk(fitsShape(host, shape), host)
  const char = fc.constantFrom('a', 'f', 'x', '0', '1', '2', '5', '9', '.', '-')
  fc.assert(fc.property(fc.array(char, { maxLength: 9 }).map(chars => chars.join('')), host => !fitsShape(host, shape) || (URL.canParse(`http://${host}/`) && new URL(`http://${host}/`).hostname === host)), { numRuns: 3000 })
})

t.test('queries, headers, methods and paths hold what can be sent', async t => {
  t.ok(fitsShape('/', dimensionOf('path', []).shape))
  t.notOk(fitsShape('a', dimensionOf('path', []).shape))
  t.notOk(fitsShape('/a b', dimensionOf('path', []).shape))
  t.notOk(fitsShape('/a?b', dimensionOf('path', []).shape))
  t.ok(fitsShape('', dimensionOf('header:x', []).shape))
  t.ok(fitsShape('a b', dimensionOf('header:x', []).shape))
  t.notOk(fitsShape(' a', dimensionOf('header:x', []).shape))
  t.notOk(fitsShape('a ', dimensionOf('header:x', []).shape))
  t.notOk(fitsShape('', dimensionOf('method', []).shape))
  t.notOk(fitsShape('G T', dimensionOf('method', []).shape))
})

t.test('addresses are read and written', async t => {
  for (const address of ['0.0.0.0', '255.255.255.255', '10.1.2.3', '::', '::1', '2001:db8::7', '1:2:3:4:5:6:7:8', '2001:db8:0:1::5', '1::2:0:0:3']) t.equal(addressText(addressBits(address)!), new URL(`http://${address.includes(':') ? `[${address}]` : address}/`).hostname.replace(/^\[|\]$/g, ''), address)
  t.equal(addressBits('::ffff:10.0.0.1'), addressBits('::ffff:a00:1'))
  for (const wrong of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '01.2.3.4', ':::', '1::2::3', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', 'g::', '12345::', '1:2:3:4:5:6:7:8::', 'localhost']) t.equal(addressBits(wrong), undefined, wrong)
  t.equal(rangeBits('10.0.0.0/8'), '400001010')
  t.equal(rangeBits('10.9.9.9/8'), '400001010', 'bits beyond the length do not count')
  t.equal(rangeBits('0.0.0.0/0'), '4')
  t.equal(rangeBits('::/0'), '6')
  t.equal(rangeBits('10.0.0.1'), addressBits('10.0.0.1'))
  for (const wrong of ['10.0.0.0/33', '10.0.0.0/', '::/129', '10.0.0.0/8/8', '10.0.0.0/-1', '/8', '10.0.0.0/08']) t.equal(rangeBits(wrong), undefined, wrong)
})

function enumerate (alphabet: string, lengthMax: number): readonly string[] {
  const all = ['']
  for (let from = 0, length = 0; length < lengthMax; length++) {
    const to = all.length
    for (; from < to; from++) all.push(...[...alphabet].map(char => all[from]! + char))
  }
  return all
}
