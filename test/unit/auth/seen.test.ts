import fc from 'fast-check'
import t from 'tap'
import { presentedKey, type CredentialHeaders } from '../../../src/auth/credentials.js'
import { generateKey } from '../../../src/keys/key.js'
import { seen } from '../../../src/auth/seen.js'

const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
const jwt = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl'
const key = generateKey('live')

function saw (authorization: string[], apiKey: string[] = [], gatewayKey: string[] = []): string | undefined {
  const headers: CredentialHeaders = { authorization, apiKey, gatewayKey }
  const presented = presentedKey(headers, true)
  return presented.kind === 'key' ? seen(headers, presented.key, 'unknown') : undefined
}

t.test('each mistake with a key that people make is told from the others', async t => {
  for (const [value, text] of [
    ['', /an empty Authorization header/],
    ['Bearer', /a scheme but no key/],
    ['Bearer ', /a scheme but no key/],
    ['Basic', /a scheme but no key/],
    [key, /without a scheme/],
    [`Token ${key}`, /an unknown scheme/],
    ['Digest username="ada"', /an unknown scheme/],
    [`Bearer: ${key}`, /an unknown scheme/],
    [`Bearer Bearer ${key}`, /a scheme twice/],
    [`Bearer "${key}"`, /a key in quotes/],
    [`ApiKey '${key}'`, /a key in quotes/],
    [`Bearer ${key.slice(0, 20)} ${key.slice(20)}`, /a space or a line break/],
    [`Bearer ${jwt}`, /a JWT/],
    ['Bearer None', /an absent value/],
    ['Bearer null', /an absent value/],
    ['Bearer $MLFLOW_TRACKING_TOKEN', /the name of a variable/],
    ['Bearer ${TOKEN}', /the name of a variable/], // eslint-disable-line no-template-curly-in-string -- what a shell did not replace
    ['Bearer <your key>', /a space or a line break/],
    ['Bearer <KEY>', /the name of a variable/],
    ['Bearer {{key}}', /the name of a variable/],
    ['Bearer hk_live_ab12\xe2\x80\xa6', /the first characters of a key/],
    ['Bearer hk_live_ab12...', /the first characters of a key/],
    ['Bearer a%2Bb%3D%3D', /percent-encoded/],
    [`Bearer ${key}\xe2\x80\x8b`, /outside ASCII/],
    [`Bearer ${'x'.repeat(513)}`, /too long/],
    [basic('ada', ''), /without a password/],
    [basic(key, ''), /without a password/],
    ['Basic !!!', /without a password/],
    [basic('ada', 'correct horse'), /a space or a line break/],
    [basic('ada', 'hunter2'), /\.netrc/],
    [basic('oauth2', jwt), /a JWT/]
  ] as const) t.match(saw([value]), text, value)
  t.match(saw([], ['']), /an empty header/)
  t.match(saw([], [], ['']), /an empty header/)
  t.match(saw([], [`"${key}"`]), /a key in quotes/)
  t.match(saw([], [], ['null']), /an absent value/)
})

t.test('of what looks like a key nothing is said, whichever it is', async t => {
  for (const text of [key, generateKey('test'), `${key}x`, 'hk_live_x', 'foreign-key', 'sk-abc.def', '8f14e45fceea167a5a36dedd4bea2543']) {
    for (const value of [`Bearer ${text}`, `ApiKey ${text}`]) t.equal(saw([value]), undefined, value)
    t.equal(saw([], [text]), undefined)
  }
  t.equal(saw([basic('ada', key)]), undefined)
  t.equal(saw(['Digest x'], [key]), undefined, 'what stands beside a key is not what was tried')
})

t.test('no text of a caller comes back, whatever it is', async () => {
  const words = fc.array(fc.integer({ min: 0x21, max: 0xff }).map(code => String.fromCharCode(code)), { minLength: 12, maxLength: 40 }).map(letters => letters.join(''))
  fc.assert(fc.property(fc.constantFrom('Bearer ', 'Basic ', 'Digest ', '', 'Bearer "'), words, (prefix, secret) => saw([prefix + secret])?.includes(secret) !== true))
})
