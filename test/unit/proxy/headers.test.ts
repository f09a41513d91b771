import fc from 'fast-check'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { outgoing, outgoingToGateway, type Identity } from '../../../src/proxy/headers/request-headers.js'
import { incoming } from '../../../src/proxy/headers/response-headers.js'
import { remembering } from '../../../src/core/remembering.js'
import { readHead } from '../../../src/http/connection/request-head.js'

const identity: Identity = { host: 'mlflow:5000', authorization: undefined, signed: undefined, requestId: '0af76519-16cd-43dd-8448-eb211c80319c', traceparent: undefined, hasOwnRequestId: true, userId: 'me', keyId: 'key_1', workspace: undefined, origin: undefined, clientAddress: '203.0.113.9', publicProtocol: 'https', publicHost: 'registry.example' }
const same = (value: string) => value

/** Names that a caller must not get through, whatever their case and spelling with underscores. */
const ours = ['host', 'connection', 'keep-alive', 'proxy-connection', 'proxy-authorization', 'te', 'trailer', 'upgrade', 'transfer-encoding', 'expect', 'authorization', 'x-api-key', 'x-goog-api-key', 'api-key', 'cookie', 'forwarded', 'x-forwarded-for', 'x-forwarded-anything', 'x-hokusai-user-id', 'x-hokusai-anything',
  'x-request-id', 'x-original-url', 'x-rewrite-url', 'x-http-method-override', 'x-http-method', 'x-method-override', 'x-real-ip', 'x-mlflow-authorization', 'x-mlflow-guardrail-bypass']
const spelt = fc.constantFrom(...ours).chain(name => fc.array(fc.boolean(), { minLength: name.length, maxLength: name.length }).chain(upper => fc.boolean().map(under => {
  const cased = [...name].map((letter, index) => upper[index] === true ? letter.toUpperCase() : letter).join('')
  return under ? cased.replaceAll('-', '_') : cased
})))

t.test('what only the facade may say never comes from a caller, in whatever case or spelling', async () => {
  fc.assert(fc.property(fc.array(fc.tuple(spelt, fc.constant('forged')), { maxLength: 6 }), pairs => !outgoing(readHead(pairs.flat()), identity).includes('forged')), { numRuns: 1000 })
})

t.test('everything else passes in its order, with its case and its repeats', async () => {
  const pair = fc.tuple(fc.constantFrom('X-A', 'x-a', 'Accept', 'Content-Type', 'Range', 'X_Custom', 'If-Match', 'User-Agent'), fc.string())
  fc.assert(fc.property(fc.array(pair), pairs => {
    const sent = outgoing(readHead(pairs.flat()), identity)
    return JSON.stringify(sent.slice(0, pairs.length * 2)) === JSON.stringify(pairs.flat())
  }))
})

t.test('what the facade says is said once, whatever the caller said', async () => {
  fc.assert(fc.property(fc.array(fc.tuple(fc.oneof(spelt, fc.constantFrom('traceparent', 'X-MLFLOW-WORKSPACE', 'Content-Length', 'origin')), fc.string()), { maxLength: 6 }), pairs => {
    const names = outgoing(readHead(pairs.flat()), identity).filter((_, index) => index % 2 === 0).map(name => name.toLowerCase())
    return ['host', 'x-request-id', 'traceparent', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-forwarded-prefix', 'x-hokusai-user-id', 'x-hokusai-api-key-id'].every(name => names.filter(given => given === name).length === 1)
  }))
})

t.test('an LLM gateway is told nothing of the caller but what the caller sent, and no credentials', async t => {
  const mine = ['User-Agent', 'GeminiCLI/0.8', 'anthropic-version', '2023-06-01']
  const all = { ...identity, authorization: 'Basic c2VjcmV0', workspace: 'team-a' }
  t.strictSame(outgoingToGateway(readHead(mine), all, false), [...mine, 'host', 'mlflow:5000', 'x-mlflow-workspace', 'team-a'])
  t.strictSame(outgoingToGateway(readHead([]), all, true), ['host', 'mlflow:5000', 'x-mlflow-workspace', 'team-a', 'x-mlflow-authorization', 'Basic c2VjcmV0'])
  fc.assert(fc.property(fc.array(fc.tuple(spelt, fc.constant('forged')), { maxLength: 6 }), pairs => !outgoingToGateway(readHead(pairs.flat()), identity, true).includes('forged')), { numRuns: 1000 })
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  t.strictSame(outgoingToGateway(readHead(['traceparent', trace, 'tracestate', 'a=1']), identity, true), ['host', 'mlflow:5000', 'traceparent', trace, 'tracestate', 'a=1'])
  t.notOk(outgoingToGateway(readHead(['traceparent', 'nonsense']), identity, true).includes('traceparent'))
})

t.test('names in Connection go, without case and over several headers', async t => {
  const { pass } = readHead(['Connection', ' X-One ,, keep-alive', 'connection', 'x-TWO', 'x-one', '1', 'X-Two', '2', 'X-Three', '3'])
  t.strictSame(pass, ['X-Three', '3'])
})

t.test('ids that no header can hold are encoded, an identity that is not there is not named', async t => {
  const sent = outgoing(readHead([]), { ...identity, userId: 'Käthe\r\nX: y', keyId: undefined })
  t.equal(sent[sent.indexOf('x-hokusai-user-id') + 1], 'K%C3%A4the%0D%0AX%3A%20y')
  t.notOk(sent.includes('x-hokusai-api-key-id'))
  t.ok(sent.every(text => /^[\x20-\x7e]*$/.test(text)))
})

t.test('names that callers invent fill no memory', async t => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const used = (): number => { collect(); return process.memoryUsage().heapUsed }
  const invent = (from: number): void => { for (let name = from; name < from + 100_000; name++) readHead([`x-${name}-${'n'.repeat(50)}`, 'v']) }
  invent(0)
  const before = used()
  invent(100_000)
  t.ok(used() - before < 8 * 2 ** 20)
})

t.test('nor do long ones, which are few', async t => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const read = remembering(name => name.length)
  collect()
  const before = process.memoryUsage().heapUsed
  for (let name = 0; name < 300; name++) read(Buffer.alloc(70_000, `n${name}`).toString())
  collect()
  t.ok(process.memoryUsage().heapUsed - before < 8 * 2 ** 20)
  t.equal(read('x'), 1)
})

t.test('names that callers invent do not keep out for good those that come again and again', async t => {
  let reads = 0
  const read = remembering(name => { reads++; return name })
  for (let name = 0; name < 2000; name++) read(`x-${name}`)
  read('accept')
  reads = 0
  for (let count = 0; count < 100; count++) t.equal(read('accept'), 'accept')
  t.equal(reads, 0)
})

t.test('a trace of the facade\'s own leads to its log line', async t => {
  const sent = outgoing(readHead(['traceparent', 'nonsense', 'tracestate', 'a=1']), identity)
  t.equal(sent[sent.indexOf('traceparent') + 1], '00-0af7651916cd43dd8448eb211c80319c-8448eb211c80319c-00')
  t.notOk(sent.includes('tracestate'))
})

t.test('a request id that is not a UUID still gives a well-formed trace', async t => {
  for (const requestId of ['lb-1234', 'x', '0', 'ABCDEF', '0'.repeat(32), 'a.b:c_d', '1-67891233-abcdef012345678912345678']) {
    const sent = outgoing(readHead([]), { ...identity, requestId, hasOwnRequestId: false })
    t.match(sent[sent.indexOf('traceparent') + 1], /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/, requestId)
  }
})

t.test('of an answer, hop-by-hop headers and cookies stay behind, all else passes with its repeats', async t => {
  const raw = ['Content-Type', 'text/plain', 'Set-Cookie', 'a=1', 'set-cookie', 'b=2', 'Connection', 'X-Gone', 'connection', 'x-also', 'X-Gone', '1', 'X-Also', '2', 'Transfer-Encoding', 'chunked', 'Vary', 'a', 'vary', 'b', 'Content-Length', '12'].map(text => Buffer.from(text, 'latin1'))
  t.strictSame(incoming(raw, same), { headers: ['Content-Type', 'text/plain', 'Vary', 'a', 'vary', 'b', 'Content-Length', '12'], length: 12, contentType: 'text/plain' })
  t.equal(incoming([], same).length, -1)
})

t.test('bytes of a header are handed on, also those outside ASCII', async () => {
  fc.assert(fc.property(fc.uint8Array({ min: 0x20, max: 0xff }).map(bytes => Buffer.from(bytes)), value => incoming([Buffer.from('X-A'), value], same).headers[1] === value.toString('latin1')))
})

t.test('a trace of ours is the request id, by whichever way it is made', async () => {
  const trace = (requestId: string, hasOwnRequestId: boolean): string | undefined => {
    const sent = outgoing(readHead([]), { ...identity, requestId, hasOwnRequestId })
    return sent[sent.indexOf('traceparent') + 1]
  }
  fc.assert(fc.property(fc.uuid({ version: 4 }), uuid => trace(uuid, true) === trace(uuid, false) && trace(uuid, true)?.slice(3, 35) === uuid.replaceAll('-', '')))
})
