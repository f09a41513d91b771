/** Which rule takes one request: what the request says of its host, and where its path may be another one for the load balancer. */
import t from 'tap'
import { runChecks } from '../src/checks.js'
import { explain, type Explanation } from '../src/explain.js'
import { readRules } from '../src/formats/read.js'
import { mayBeNormalized } from '../src/request.js'
import { forward } from './worlds.js'

const rule = (priority: string, conditions: object[], target: string): object => ({ Priority: priority, Conditions: conditions, Actions: forward(target) })
const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const host = (...values: string[]): object => ({ Field: 'host-header', Values: values })
const ruleSet = (...rules: object[]) => readRules(JSON.stringify({ Rules: [...rules, rule('default', [], 'rest')] }))
const ask = (url: string, headers: Record<string, string[]> = {}, rules = hosts): Explanation => explain(rules, { method: 'GET', url, headers })

const hosts = ruleSet(rule('10', [host('a.example.com')], 'a'), rule('20', [host('*')], 'any'))

t.test('a Host header is the host, whatever the URL says', async t => {
  t.match(ask('http://198.51.100.7/', { Host: ['a.example.com'] }), { rule: '10', because: ['host-header a.example.com: a.example.com'] })
  t.match(ask('http://a.example.com/', { host: ['b.example.com:8080'] }), { rule: '20' })
  for (const wrong of [['a b'], [''], ['a.example.com', 'b.example.com'], ['a..b'], ['[::1']]) t.throws(() => ask('http://h.example/', { Host: wrong }), { message: /is not one host/ }, String(wrong))
})

t.test('an IPv6 address is a host', async t => {
  for (const url of ['http://[2001:db8::1]/', 'http://[::1]:80/x', 'http://[::ffff:192.0.2.1]/']) t.match(ask(url), { rule: '20', target: 'any' }, url)
  t.match(ask('http://[::1]/').because[0], '[::1]')
  for (const url of ['http://[::1/', 'http://[1.2.3.4]/', 'http://[]/', 'http://[::g]/', 'http://::1/']) t.throws(() => ask(url), { message: /is not a URL/ }, url)
})

const paths = ruleSet(rule('10', [path('/a/*')], 'a'), rule('20', [host('b.example.com')], 'b'), rule('30', [path('/*')], 'all'))

t.test('a path that may be normalized is unknown where a rule looks at it', async t => {
  for (const url of ['/x/../a/b', '/./a', '/x/.', '/x/..', '//a', '/a//b', '/%61/b', '/a%2Eb', '/%7Ea', '/x%2d']) {
    const answer = ask(`http://b.example.com${url}`, {}, paths)
    t.match(answer, { rule: null, target: 'unknown', candidates: ['10', '20'], undecided: true }, url)
    t.match(answer.because, [/path-pattern \/a\/\*.*normalizes the URI/], url)
  }
  t.match(ask('http://c.example.com//a', {}, paths), { candidates: ['10', '30'] }, '/* takes every path, however it is written')
  t.match(ask('http://a.example.com//a', {}, hosts), { rule: '10' }, 'nothing hangs on the path')
})

t.test('other paths are as they are sent', async t => {
  for (const url of ['/a/b', '/a/', '/a/.x', '/a/x..', '/a/...', '/a/%20', '/a/%2F', '/a/%C3%A4', '/a/%', '/a/x.']) {
    t.match(ask(`http://b.example.com${url}`, {}, paths), { rule: '10' }, url)
    t.notOk(mayBeNormalized(url))
  }
})

t.test('examples have no path that may be normalized, where there are others', async t => {
  const odd = ruleSet(
    rule('10', [path('/?/?*')], 'a'), rule('20', [path('/*/?')], 'b'), rule('30', [path('*.?')], 'c'), rule('40', [path('/*/*/*')], 'd'), rule('50', [path('*?.*')], 'e'),
    rule('60', [path('/.*')], 'f'), rule('70', [path('*.')], 'g')
  )
  const shown = runChecks(odd).flatMap(({ witness }) => witness === null ? [] : [witness.url.replace(/^https?:\/\/[^/]*/, '')])
  t.ok(shown.length > 10)
  t.same(shown.filter(mayBeNormalized), [])
})
