/** How a request's fields are read, which experiment an artifact path belongs to, and how lists are cut. */
import t from 'tap'
import { toPermissions, type Permissions } from '../../../src/access/permissions.js'
import { artifactPathIn, artifactPlace, liesAt, sourceOf } from '../../../src/permissions/artifact.js'
import { withoutUnreadable } from '../../../src/permissions/filter.js'
import { checkFilter } from '../../../src/permissions/list-filter.js'
import { entriesOf, membersOf } from '../../../src/permissions/json-text.js'
import { readBody, readQuery } from '../../../src/permissions/message.js'

const body = (text: string): ReturnType<typeof readBody> => readBody(Buffer.from(text))

t.test('members and entries are cut out as they are written', t => {
  const text = ' { "a" : [1, {"b":"}]\\""} ,[] ] , "c":12345678901234567890,"d":{ } } '
  const members = membersOf(text)
  t.same([...members.keys()], ['a', 'c', 'd'])
  const cut = (name: string): string => text.slice(members.get(name)?.start, members.get(name)?.end)
  t.equal(cut('c'), '12345678901234567890')
  t.equal(cut('d'), '{ }')
  t.same(entriesOf(text, members.get('a')?.start ?? 0).map(({ start, end }) => text.slice(start, end)), ['1', '{"b":"}]\\""}', '[]'])
  t.same([...membersOf('{}').keys()], [])
  t.same(entriesOf('[ ]', 0), [])
  t.throws(() => membersOf('{"a":1,"\\u0061":2}'), /twice/)
  t.end()
})

t.test('a field is found under both names, however deep, and in lists', t => {
  t.same(body('{"trace":{"traceInfo":{"trace_id":"t"}}}').pick('trace.trace_info.trace_id'), ['t'])
  t.same(body('{"metrics":[{"model_id":"m"},{"key":"k"},{"modelId":"n"}]}').pick('metrics[].model_id'), ['m', 'n'])
  t.same(body('{"experiment_ids":["1","2"]}').pick('experiment_ids[]'), ['1', '2'])
  t.same(body('{"experiment_ids":[1,2]}').pick('experiment_ids[]'), ['1', '2'])
  t.same(body('{"experiment_id":7}').pick('experiment_id'), ['7'])
  t.same(body('{"run_id":null}').pick('run_id'), [])
  t.same(body('').pick('run_id'), [])
  t.same(body('null').pick('run_id'), [])
  t.same(body('"{\\"run_id\\":\\"r\\"}"').pick('run_id'), ['r'])
  for (const text of ['{"experiment_id":1e0}', '{"experiment_id":-1}', '{"experiment_id":01}', '{"experiment_id":true}', '{"experiment_id":{}}', '{"experiment_id":"a","experimentId":null}', '7', '"7"', '[]', '{"x":NaN}', `{"experiment_id":"${'x'.repeat(2001)}"}`]) {
    t.throws(() => body(text).pick('experiment_id'), { name: 'UnreadableError' }, text.slice(0, 50))
  }
  t.throws(() => body('{"experiment_ids":"1"}').pick('experiment_ids[]'), { name: 'UnreadableError' })
  t.throws(() => body('{"experiment_ids":[["1"]]}').pick('experiment_ids[]'), { name: 'UnreadableError' })
  t.end()
})

t.test('a query is read as Werkzeug reads it', t => {
  const query = readQuery('?run%5Fid=a+b%C3%A9&&x&ids=1&ids=2&=z')
  t.same(query.pick('run_id'), ['a bé'])
  t.same(query.pick('ids[]'), ['1', '2'])
  t.same(query.pick('x'), [''])
  t.same(query.pick('runId'), [])
  t.throws(() => query.pick('ids'), /several times/)
  t.throws(() => readQuery('?id=%ff').pick('id'), /UTF-8/)
  t.throws(() => readQuery('?id=%00').pick('id'), /control/)
  t.same(readQuery('').pick('id'), [])
  t.end()
})

t.test('an artifact path is an experiment\'s where MLflow says so, and nobody\'s where it could be read otherwise', t => {
  t.same(artifactPlace('1/abc/artifacts/model'), { experimentId: '1', root: '1' })
  t.same(artifactPlace('root/of/all/12/models/m-1/'), { experimentId: '12', root: 'root/of/all/12' })
  for (const path of ['', '/', '/1/x', '1//x', '1/../2', './1', 'a/b', '1/%2e%2e/2', '1\\..\\2', '1/x?y', '1/x#y', '1;/x', '1/\n']) t.equal(artifactPlace(path), undefined, JSON.stringify(path))
  t.ok(liesAt('mlflow-artifacts:/1', '1'))
  t.ok(liesAt('mlflow-artifacts://host:5000/root/1/', 'root/1'))
  t.ok(liesAt('http://h/mlflow/api/2.0/mlflow-artifacts/artifacts/root/1', 'root/1'))
  for (const location of ['mlflow-artifacts:/2', 'mlflow-artifacts:/root/1', '/1', 's3://b/1', 'http://h/1', 'file:/1', '', 'mlflow-artifacts://1']) t.notOk(liesAt(location, '1'), location)
  t.equal(artifactPathIn('/api/2.0/mlflow-artifacts/artifacts/1/a%20b'), '1/a b')
  t.equal(artifactPathIn('/ajax-api/2.0/mlflow-artifacts/mpu/create/1/a'), '1/a')
  t.equal(artifactPathIn('/api/2.0/mlflow-artifacts//artifacts/2/mlflow-artifacts/artifacts/1'), undefined)
  t.end()
})

t.test('the source of a model version names a thing, or is refused', t => {
  t.same(sourceOf('runs:/abc/model'), { kind: 'run', value: 'abc' })
  t.same(sourceOf('models:/m-1'), { kind: 'loggedModel', value: 'm-1' })
  t.same(sourceOf('models:/name/1'), { kind: 'registered', value: 'name' })
  t.same(sourceOf('models:/name@champion'), { kind: 'registered', value: 'name' })
  t.same(sourceOf('models:/name@foreign@champion'), { kind: 'registered', value: 'name@foreign' }, 'an alias is what follows the last @')
  t.same(sourceOf('mlflow-artifacts:/1/abc/artifacts'), { kind: 'artifact', value: '1/abc/artifacts' })
  for (const source of ['dummy-source', 'prompt-template']) t.same(sourceOf(source), { kind: 'none' })
  for (const source of ['', '/tmp', 'file:/tmp', 's3://b/k', 'runs:/', 'runs://host/x', 'runs:/a/../b', 'runs:/a/%2e%2e', 'models:/name', 'models:/a/b/c', 'mlflow-artifacts://h/1/a', 'RUNS:/a', 'http://h/x']) t.equal(sourceOf(source), undefined, source)
  t.end()
})

t.test('a list is cut by names, exactly', async t => {
  const permissions = toPermissions(['read:experiments/a*', 'read:models/a*']) as Permissions
  const nobody = { isPrompt: async () => undefined }
  t.equal(await withoutUnreadable('{"experiments":[{"name":"b"},{"name":"a","n":1e400}],"t":"x"}', 'experiments', permissions, nobody), '{"experiments":[{"name":"a","n":1e400}],"t":"x"}')
  t.equal(await withoutUnreadable('{"next_page_token":"x"}', 'experiments', permissions, nobody), '{"next_page_token":"x"}')
  t.equal(await withoutUnreadable('{"model_versions":[{"name":"a"}]}', 'model_versions', permissions, nobody), '{"model_versions":[]}', 'a model that MLflow does not know')
  let asked = 0
  const counting = { isPrompt: async () => { asked++; return false } }
  await withoutUnreadable('{"model_versions":[{"name":"a"},{"name":"a"},{"name":"b"}]}', 'model_versions', permissions, counting)
  t.equal(asked, 1)
  const many = JSON.stringify({ model_versions: Array.from({ length: 201 }, (_, index) => ({ name: `a${index}` })) })
  await t.rejects(withoutUnreadable(many, 'model_versions', permissions, counting), { name: 'UnfilterableError' })
  for (const text of ['', '[]', '{"experiments":{}}', '{"experiments":[{}]}', '{"experiments":[null]}', '{"experiments":[1]}']) await t.rejects(withoutUnreadable(text, 'experiments', permissions, nobody), text)
})

t.test('a filter of a list asks for covered names or is refused', t => {
  const permissions = toPermissions(['read:experiments/team-a/*', 'read:models/a*b']) as Permissions
  for (const filter of ['', ' ', "name = 'team-a/x'", "name='team-a/x'", "name LIKE 'team-a/%'", "attribute.name like 'team-a/x%' AND name = 'team-a/y'"]) {
    t.doesNotThrow(() => checkFilter(filter, 'experiments', permissions), filter)
  }
  t.doesNotThrow(() => checkFilter('tags.`mlflow.prompt.is_prompt` != \'true\' and name = \'acb\'', 'registered_models', permissions))
  for (const filter of ["name = 'team-b'", "name LIKE 'team-%'", "name LIKE '%'", "name LIKE 'team-a/_%'", "name LIKE 'team-a/%x'", "name LIKE '%team-a/%'", "name ILIKE 'team-a/%'", "name != 'team-a/x'", "tags.x = 'y'", "name = 'team-a/x' OR name = 'team-a/y'", "name = 'team-a/x' AND tags.x LIKE 'a%'", "name = 'team-a/x", "'team-a/x'", "name = 'team-a/\\\\' AND name = 'x'", 'name = "team-a/x"', "tags.`mlflow.prompt.is_prompt` = 'true'", "name = 'team-a/x' AND", "name = 'team-a/x' 'y'", `name = 'team-a/${'x'.repeat(4000)}'`]) {
    t.throws(() => checkFilter(filter, 'experiments', permissions), { name: 'UnreadableError' }, filter.slice(0, 60))
  }
  t.throws(() => checkFilter("name LIKE 'a%'", 'registered_models', permissions), 'what ends in b is covered, not all that begins with a')
  t.end()
})

t.test('half a million characters of anything take no time', t => {
  const n = 500_000
  for (const text of ['['.repeat(5000) + ']'.repeat(5000), `{"a":${'['.repeat(n / 2)}`, `{"a":"${'\\"'.repeat(n / 2)}"}`, `{${Array.from({ length: 9999 }, (_, index) => `"k${index}":1`).join()}}`, ' '.repeat(n), `{"a":[${'{},'.repeat(n / 3)}{}]}`, '0'.repeat(n), `[${'111111111111111111111111111111111111111,'.repeat(n / 40)}1]`]) {
    const start = performance.now()
    try { body(text).pick('a[].b') } catch {}
    t.ok(performance.now() - start < 1000, text.slice(0, 20))
  }
  const start = performance.now()
  readQuery(`?${'a=%41&'.repeat(n / 6)}`).pick('a[]')
  artifactPlace('1/'.repeat(n / 2))
  sourceOf(`runs:/${'a/'.repeat(n / 2)}`)
  t.ok(performance.now() - start < 2000)
  t.end()
})
