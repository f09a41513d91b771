import fc from 'fast-check'
import t from 'tap'
import { collapseSlashes } from '../../../src/access/readings.js'
import { belowMount, successor } from '../../../src/core/public-paths.js'
import { readTarget, routed } from '../../../src/http/target.js'

const path = fc.array(fc.oneof(fc.string({ maxLength: 5 }), fc.constantFrom('..', '.', '%2e', '%2E%2e', '%2F', '%5c', '%00', '%zz', '%', '%ff', '%C3%A9', '\\', '/', '//', 'api', 'mlflow', '2.0', 'é', '\t')), { maxLength: 8 }).map(parts => '/' + parts.join('/'))

t.test('path and query are what came, cut at the first question mark', async () => {
  fc.assert(fc.property(fc.string(), url => {
    const { path, query } = readTarget(url)
    return path + query === url && !path.includes('?') && (query === '' || query.startsWith('?'))
  }))
})

t.test('a path that passes can be read in one way only', async t => {
  fc.assert(fc.property(path.filter(path => !path.includes('?')), path => {
    if (readTarget(path).problem !== undefined) return true
    const decoded = decodeURIComponent(path)
    // What a browser, a WHATWG parser or a file system would make of it is itself.
    const ownReading = new URL(path.replaceAll('//', '/x/'), 'http://h').pathname
    return !/[\\\p{Cc}]/u.test(decoded) && !decoded.split('/').some(segment => segment === '.' || segment === '..') && !ownReading.includes('/../')
  }), { numRuns: 2000 })
  t.equal(readTarget('/mlflow/a%2Fb').problem, undefined)
})

t.test('a path without dots, percents and controls always passes', async () => {
  fc.assert(fc.property(fc.array(fc.string({ unit: fc.constantFrom(...'abcXYZ019-_~!$&\'()*+,;=:@{}"<>|^`[]') })).map(parts => '/' + parts.join('/')), path => readTarget(path).problem === undefined))
})

t.test('what is refused says why in a sentence', async t => {
  for (const [url, problem] of [
    ['/a#b', /raw "#"/], ['/a?b#c', /raw "#"/], ['*', /begins with/], ['', /begins with/], ['http://h/x', /begins with/], ['?x', /begins with/],
    ['/a/../b', /dot segment/], ['/a/%2e%2e', /dot segment/], ['/.', /dot segment/], ['/a%2f..%2fb', /dot segment/],
    ['/a\\b', /backslash/], ['/a%5cb', /backslash/], ['/a%0a', /control/], ['/%7f', /control/], ['/%c2%80', /control/],
    ['/%', /percent-encoding/], ['/%e9', /percent-encoding/], ['/%C0%80', /percent-encoding/], ['/é', /non-ASCII/], ['/a b', /control character or a non-ASCII byte/]
  ] as const) t.match(readTarget(url).problem, problem, url)
  for (const fine of ['/', '/?../..', '/?%zz', '/a?b?c', '/...', '/a..', '/..a', '/%2F', '/%252e%252e']) t.equal(readTarget(fine).problem, undefined, fine)
})

t.test('in the rest of an artifact path nearly any byte passes, and is told of; before it and elsewhere none does', async t => {
  const odd = ['acc_at_90%data.csv', '%', '%zz', '%ff', 'a%0ab', '%7f', '%c2%85', 'a%5cb', 'a\\b', 'a%5C..%5Cb', 'a//%ff']
  for (const root of ['/mlflow/api/2.0/mlflow-artifacts/', '/mlflow/ajax-api/2.0/mlflow-artifacts/', '/api/2.0/mlflow-artifacts/', '/ajax-api/2.0/mlflow-artifacts/', '/api/mlflow/api/2.0/mlflow-artifacts/']) {
    for (const kind of ['artifacts/', 'mpu/create/', 'mpu/complete/', 'mpu/abort/', 'presigned/']) {
      for (const name of odd) t.match(readTarget(root + kind + name), { problem: undefined, odd: /^The path contains/ }, root + kind + name)
      t.match(readTarget(`${root}${kind}a%2Fb%25`), { problem: undefined, odd: undefined })
      for (const name of ['..', 'a/../b', '%ff/%2e%2e', '%2F..%2F%', '.', '%00', 'a%00%zz', 'a\tb', '\xff']) t.match(readTarget(root + kind + name), { problem: /^The path contains/, odd: undefined }, root + kind + name)
    }
    for (const name of odd) t.match(readTarget(`${root}artifactsx/${name}`).problem, /^The path contains/)
  }
  for (const path of ['/mlflow/api/2.0/%ff/mlflow-artifacts/artifacts/x', '/mlflow/%61pi/2.0/mlflow-artifacts/artifacts/%ff', '/mlflow//api/2.0/mlflow-artifacts/artifacts/%ff', '/mlflow/get-artifact/%ff', '/api/2.0/mlflow/artifacts/%ff', '/x/mlflow/api/2.0/mlflow-artifacts/artifacts/%']) t.match(readTarget(path).problem, /^The path contains/, path)
})

t.test('the router is shown a path with percent signs no further than the mount, and every other as it is', async t => {
  for (const [url, shown] of [['/mlflow/%zz?x', '/mlflow/'], ['/mlflow/a%2Fb', '/mlflow/'], ['/api/2.0/mlflow/%', '/api/mlflow/'], ['/api/mlflow/%ff', '/api/mlflow/'],
    ['/mlflow/health/mlflow?x=%', '/mlflow/health/mlflow?x=%'], ['/mlflow/x', '/mlflow/x'], ['/%6dlflow/x', '/%6dlflow/x'], ['/mlflow%2Fx', '/mlflow%2Fx'], ['/live%', '/live%'], ['/', '/'], ['', '']] as const) t.equal(routed(url), shown)
})

t.test('an old path leads below the mount, and never to another host', async t => {
  fc.assert(fc.property(path, path => {
    for (const old of [path, `/api/mlflow${path}`, `/api/2.0/mlflow/${path}`, `/ajax-api/2.0/mlflow-artifacts/${path}`]) {
      const next = successor(old)
      if (next !== undefined && (!next.startsWith('/mlflow/') || new URL(next.replaceAll('\\', '%5c'), 'http://here.test').host !== 'here.test')) return false
    }
    return true
  }))
  t.equal(successor('/api/mlflow//evil.example'), '/mlflow//evil.example')
})

t.test('an old path keeps every byte behind its own part', async t => {
  fc.assert(fc.property(path, path => successor(`/api/mlflow${path}`) === `/mlflow${path}` && successor(`/api/2.0/mlflow${path}`) === `/mlflow/api/2.0/mlflow${path}`))
  t.equal(successor('/api/mlflow'), '/mlflow/')
  for (const other of ['/mlflow/x', '/api/mlflowx', '/api/2.0/mlflow', '/api/2.1/mlflow/x', '/api/3.0/mlflow-artifacts/x', '/ajax-api/mlflow/x', '/', '/x/api/mlflow/']) t.equal(successor(other), undefined, other)
})

t.test('the mount is taken off once', async t => {
  t.equal(belowMount('/mlflow/mlflow/x'), '/mlflow/x')
  t.equal(belowMount('/mlflow/'), '/')
  for (const other of ['/mlflow', '/mlflowx/', '/MLFLOW/', '/x/mlflow/', '/%6dlflow/']) t.equal(belowMount(other), undefined)
})

t.test('collapsing leaves no doubled slash, changes nothing else, and does nothing twice', async () => {
  fc.assert(fc.property(path, path => {
    const once = collapseSlashes(path)
    return !once.includes('//') && collapseSlashes(once) === once && once.split('/').filter(Boolean).join('/') === path.split('/').filter(Boolean).join('/')
  }))
})
