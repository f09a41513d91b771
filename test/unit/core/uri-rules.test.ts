import t from 'tap'
import fc from 'fast-check'
import { placeOf, uriRules, type UriRules } from '../../../src/core/settings/uri-rules.js'

function rules (given: string): UriRules {
  const read = uriRules(given)
  if (read === undefined || read === null) throw new Error(`no rules: ${given}`)
  return read
}

t.test('a rule covers what begins so, in whole segments', async t => {
  const { cover, texts } = rules('s3://bucket/team-a, runs:, https://Hooks.example.com/,/srv/artifacts/, abfss://box@acme.dfs.core.windows.net')
  t.strictSame(texts[0], 's3://bucket/team-a')
  for (const uri of [
    's3://bucket/team-a', 's3://bucket/team-a/', 's3://bucket/team-a/x/y z/ü', 'S3://bucket/team-a/x', 's3://bucket/team-a/x?y=..z', 's3://bucket/team-a/a..b/.c/...',
    'runs:/abc/model', 'runs:///abc/model', 'RUNS:/abc', 'https://hooks.example.com/x?token=1', 'https://HOOKS.example.com:443/x', 'https://hooks.example.com/',
    '/srv/artifacts', '/srv/artifacts/1', 'file:/srv/artifacts/1', 'file:///srv/artifacts/1', 'abfss://box@acme.dfs.core.windows.net/x', 's3://bucket/team-a/100%', 's3://bucket/team-a/a%20b'
  ]) t.equal(cover(uri), true, uri)
  for (const uri of [
    's3://bucket/team-ab', 's3://bucket/', 's3://bucket', 's3://BUCKET/team-a/x', 's3://bucket2/team-a/', 's3://bucket.evil.example/team-a', 's3:/bucket/team-a', 's3://other@bucket/team-a',
    'runs://host/abc', 'runs:abc', 'runs:', 'http://hooks.example.com/', 'https://hooks.example.com', 'https://hooks.example.com.evil.example/', 'https://hooks.example.com:8443/', 'https://a@hooks.example.com/',
    'https://a:b@hooks.example.com/', 'https://hooks.example.com@evil.example/', 'https://evil.example/https://hooks.example.com/', 'https://hooks.example.com?x', 'https://hooks.example.com./',
    '/srv/artifacts2', '/srv', 'srv/artifacts', './srv/artifacts', '//srv/artifacts/1', 'file://srv/artifacts/1', 'file:srv/artifacts', 'file:////srv/artifacts/1', 'file://localhost/srv/artifacts/1',
    'C:/srv/artifacts', 'C:\\srv\\artifacts', 'c:srv', '', ' ', 'x', '~/x', 'dummy',
    'abfss://acme.dfs.core.windows.net/x', 'abfss://Box@acme.dfs.core.windows.net/x'
  ]) t.equal(cover(uri), false, uri)
})

t.test('what readers may take in two ways is covered by nothing', async t => {
  const { cover } = rules('s3://bucket/a/,/srv/,https://host.example/,mlflow-artifacts:,https://*')
  for (const rest of [
    '..', '../x', 'x/../../y', '.', './x', '%2e%2e/x', '%2E%2e', '.%2e/x', '%2f..%2f', '..%2fx', '%252e%252e/x', '%25252e', 'x;/..', '..;x', '..;x/y', '..?x', '..#x', 'x/..;p',
    'x\\..\\y', '%5c..', 'x%00y', 'x\0y', 'x\ny', 'x\r\ny', 'x\ty', 'x%0ay', '%c2%85/..', 'x\u0085y'
  ]) for (const start of ['s3://bucket/a/', '/srv/', 'https://host.example/', 'mlflow-artifacts:/']) t.equal(cover(start + rest), false, start + rest)
  for (const uri of [
    ' https://host.example/', 'https://host.example /', 'https:/host.example/', 'https:///host.example/', 'https:host.example/', 'https://host.example\\@evil.example/', 'https://ｈost.example/', 'https://host.example:/',
    'https://host.example:99999999/', 'https://host%2eexample/', 'https://[::1%25eth0]/', 'https://host.example,evil.example/', `https://host.example/${'x'.repeat(4096)}`, 'mlflow-artifacts://evil.example/x', 'mlflow-artifacts:////evil.example/x', '\u200bhttps://host.example/'
  ]) t.equal(cover(uri), false, uri)
  t.equal(cover('https://[::1]:8443/x'), true, 'every host')
})

t.test('a list says what is wrong with it by being none', async t => {
  t.equal(uriRules('any'), null)
  t.strictSame(uriRules('none')?.texts, [])
  t.equal(rules('none').cover('runs:/x'), false)
  for (const given of ['s3', 's3://bucket/,', 'bucket/x', '../x', 's3://bucket/../x', 's3://a b/', 's3://u:p@h/', 'https://*.example.com/', 'https://h/?x', 'https://h/#x', 's3://bucket/%41', 'c:/x', '*', 's3:bucket', 'file:x', '//x', 'any,none:x\\']) {
    t.equal(uriRules(given), undefined, given)
  }
  for (const given of ['s3://*', 's3://*/', 'file:///srv', '/srv', '/', 'hdfs://namenode:8020/mlflow', 'https://[::1]/']) t.ok(uriRules(given), given)
})

t.test('where a URI leads is told without user, path and query', async t => {
  t.equal(placeOf('https://hooks.example.com/services/s3cret?token=s3cret'), 'https://hooks.example.com')
  t.equal(placeOf('abfss://box@acme.dfs.core.windows.net/x'), 'abfss://acme.dfs.core.windows.net')
  t.equal(placeOf('file:///etc/passwd'), 'file:')
  t.equal(placeOf('/etc/passwd'), 'file:')
  for (const text of ['https://u:s3cret@h/', 's3cret', 'x:s3cret', '../s3cret', 'https://h\\s3cret']) t.equal(placeOf(text), undefined, text)
})

t.test('whatever comes, a covered URI begins with the rule, and no text is slow', async t => {
  const { cover } = rules('s3://bucket/a/')
  fc.assert(fc.property(fc.array(fc.constantFrom('s3:', 'S3:', '/', '//', 'bucket', 'a', '..', '.', '%2e', '%2f', '%25', '@', ':', ';', '?', '#', '\\', 'x'), { maxLength: 14 }), parts => {
    const uri = parts.join('')
    if (!cover(uri)) return
    if (!/^s3:\/\/bucket\/a(?:$|[/?#])/i.test(uri) || /(?:^|\/)\.\.(?:\/|$)/.test(decodeURIComponent(uri.replace(/%(?![\da-f]{2})/gi, '%25')))) throw new Error(uri)
  }))
  const before = performance.now()
  for (const piece of ['%25', '%2e', '../', '//', '@', ':', 's3://', 'a;', '%']) cover(`s3://bucket/a/${piece.repeat(300_000)}`)
  t.ok(performance.now() - before < 1000)
})
