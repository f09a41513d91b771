import fc from 'fast-check'
import t from 'tap'
import { graphqlMaxBytes, judgeGraphql, readingFields } from '../../../src/access/graphql.js'
import { readRegistry } from '../../../scripts/generate/registry.js'
import { versions } from '../../../src/mlflow/versions.js'

const run = 'mlflowGetRun(input: {runId: "1"}) { run { info { runName } } }'

function judge (query: unknown, more: object = {}, boundsItself = true): unknown {
  return judgeGraphql(Buffer.from(JSON.stringify({ query, ...more })), undefined, boundsItself)
}

t.test('a single known query only reads', t => {
  for (const query of [`{ ${run} }`, `query { ${run} }`, `query GetRun($id: String!) { ${run} }`, `{ a: ${run} b: ${run} }`, '{ test(inputString: "x") { output } }', '{ __typename }',
    `fragment R on Query { ${run} } { ...R }`, `{ ... on Query { ${run} } }`, `{ ... @include(if: true) { ${run} } }`, `# a comment\n{ ${run} }`]) {
    t.strictSame(judge(query), { class: 'read' }, query)
  }
  t.end()
})

t.test('MLflow\'s searches, which it calls mutations, only read', t => {
  t.strictSame(judge('mutation { mlflowSearchRuns(input: {}) { runs { info { runId } } } }'), { class: 'read' })
  t.strictSame(judge('mutation S { mlflowSearchDatasets(input: {}) { datasetSummaries { name } } }'), { class: 'read' })
  t.end()
})

t.test('what is not known to read needs an administrator, however it is wrapped', t => {
  for (const query of ['mutation { createRun { id } }', 'mutation { testMutation(inputString: "x") { output } }', '{ mlflowDeleteEverything }', `{ ${run} newField }`,
    'mutation { mlflowSearchRuns(input: {}) { runs { info { runId } } } createRun { id } }', 'mutation { mlflowSearchRuns: createRun { id } }', 'mutation { ... on Mutation { createRun { id } } }',
    'fragment W on Mutation { createRun { id } } mutation { ...W }', 'fragment A on Mutation { ...B } fragment B on Mutation { createRun { id } } mutation { mlflowSearchRuns(input: {}) { __typename } ...A }',
    'subscription { runs { id } }', `mutation { ${run} }`, '{ mlflowSearchDatasets(input: {}) { __typename } }']) {
    t.strictSame(judge(query), { class: 'admin' }, query)
  }
  t.end()
})

t.test('what can be read in two ways, or in none, is refused with its reason', t => {
  const bodies: Array<[Uint8Array | string, RegExp]> = [
    ['', /not JSON/],
    ['{"query": "{ __typename }"', /not JSON/],
    ['\ufeff{"query": "{ __typename }"}', /not JSON/],
    [Buffer.from('{"query": "{ __typename }"}', 'utf16le'), /not UTF-8|not JSON/],
    [Buffer.from([0xff, 0xfe, 0x7b]), /not UTF-8/],
    [Buffer.concat([Buffer.from('{"query": "{ __typename }", "x": "'), Buffer.from([0xc3]), Buffer.from('"}')]), /not UTF-8/],
    ['[{"query": "{ __typename }"}]', /Batched/],
    ['null', /JSON object/],
    ['"{ __typename }"', /JSON object/],
    ['{"Query": "{ __typename }"}', /no "query"/],
    ['{"query": ["{ __typename }"]}', /no "query"/],
    ['{"query": "{ __typename"}', /cannot be parsed/],
    ['{"query": ""}', /cannot be parsed/],
    ['{"query": "query A { __typename } query B { __typename }"}', /exactly one operation/],
    ['{"query": "query A { __typename } mutation B { createRun { id } }", "operationName": "A"}', /exactly one operation/],
    ['{"query": "fragment F on Query { __typename }"}', /exactly one operation/],
    ['{"query": "{ __typename } type X { y: Int }"}', /operation and fragments/],
    ['{"query": "{ ...F }"}', /does not define/],
    ['{"query": "{ ...F } fragment F on Query { ...F }"}', /cycle/],
    ['{"query": "{ ...F } fragment F on Query { __typename } fragment F on Query { createRun }"}', /the same name/]
  ]
  for (const [body, reason] of bodies) t.match(judgeGraphql(Buffer.from(body as string)), { refused: reason }, String(body))
  t.end()
})

t.test('the last of two queries in one object counts, as it does for Python', t => {
  t.strictSame(judgeGraphql(Buffer.from('{"query": "{ __typename }", "query": "mutation { createRun { id } }"}')), { class: 'admin' })
  t.end()
})

t.test('a compressed body is refused, for MLflow would not decompress it', t => {
  const body = Buffer.from('{"query": "{ __typename }"}')
  for (const encoding of ['gzip', 'br', 'identity, gzip', 'x']) t.match(judgeGraphql(body, encoding), { refused: /compressed/ }, encoding)
  for (const encoding of [undefined, '', 'identity', ' Identity ']) t.strictSame(judgeGraphql(body, encoding), { class: 'read' })
  t.end()
})

t.test('size and depth have bounds', t => {
  const nested = (depth: number): string => `${'{ a '.repeat(depth)}${'}'.repeat(depth)}`
  t.match(judge(nested(101)), { refused: /deeper than 100/ })
  t.strictSame(judge(nested(100)), { class: 'admin' })
  t.match(judge(nested(20_000)), { refused: /too long/ })
  t.strictSame(judge(`{ ${'test '.repeat(9000)} }`), { class: 'read' })
  t.match(judge(`{ ${'a: test '.repeat(4000)} }`), { refused: /too long/ })
  // Ten fragments that spread each other twice are a thousand selections in ten lines.
  const doubling = Array.from({ length: 10 }, (_, index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`).join(' ')
  t.match(judge(`{ ...F0 } ${doubling} fragment F10 on Query { __typename }`), { refused: /more than 1000/ })
  t.match(judge(`{ ...F } fragment F on Query { ${'test '.repeat(1001)} }`), { refused: /more than 1000/ })
  t.match(judge(`{ ${'...F '.repeat(1001)} } fragment F on Query { test }`), { refused: /more than 1000/ })
  t.match(judge('{ __typename }', { variables: 'x'.repeat(graphqlMaxBytes) }), { refused: /larger than 256 KiB/ })
  t.end()
})

t.test('what MLflow refuses by its own bounds is left to it', t => {
  const repeated = (count: number, text: (index: number) => string): string => Array.from({ length: count }, (_, index) => text(index)).join(' ')
  const get = (inner: string): string => `query Q { mlflowGetExperiment(input: {experimentId: "1"}) { ${inner} } }`
  const roots = repeated(12, index => `key_${index}: test(inputString: "abc") { output }`)
  // Of the kind that MLflow's own test of its bounds sends.
  for (const query of [`query Q { ${roots} }`, get(repeated(12, index => `experiment_${index}: experiment { name }`)),
    get(`experiment { ${'name { '.repeat(12)} name ${'} '.repeat(12)} }`), get(`experiment { ${repeated(1002, index => `field_${index} { name }`)} }`)]) t.strictSame(judge(query), { class: 'read' }, query.slice(0, 80))
  t.strictSame(judge(`query Q { ${roots} createRun }`), { class: 'admin' }, 'but not what is not known to read')
  t.end()
})

t.test('an MLflow without bounds of its own is sent what a later one would take, and no more', t => {
  const repeated = (count: number, text: (index: number) => string): string => Array.from({ length: count }, (_, index) => text(index)).join(' ')
  const searches = (count: number): string => repeated(count, index => `a${index}: mlflowSearchRuns(input: {}) { runs { info { runId } } }`)
  const get = (inner: string): string => `{ mlflowGetRun(input: {runId: "1"}) { ${inner} } }`
  const nested = (depth: number): string => `${'{ test '.repeat(depth)}${'}'.repeat(depth)}`
  const cases: ReadonlyArray<readonly [query: string, reason: RegExp | undefined]> = [
    [`mutation { ${searches(10)} }`, undefined],
    [`mutation { ${searches(11)} }`, /more than 10 root fields/],
    [`mutation { ${searches(5)} ...F ... on Mutation { b: mlflowSearchRuns(input: {}) { __typename } } } fragment F on Mutation { ${searches(5)} }`, /more than 10 root fields/],
    [`{ ${'test '.repeat(11)} }`, /more than 10 root fields/],
    [get(`run { ${repeated(10, index => `a${index}: modelVersions { name }`)} }`), undefined],
    [get(`run { ${repeated(11, index => `a${index}: modelVersions { name }`)} }`), /more than 10 aliases/],
    [get(`run { ${repeated(6, index => `... { a${index}: modelVersions { name } b${index}: modelVersions { name } }`)} }`), /more than 10 aliases/],
    [nested(10), undefined],
    [nested(11), /deeper than 10/],
    [get('run '.repeat(999)), undefined],
    [get('run '.repeat(1000)), /more than 1000 fields/],
    [get(`run(x: [${'1 '.repeat(5000)}])`), /too long/]
  ]
  for (const [query, reason] of cases) t.match(judge(query, {}, false), reason === undefined ? { class: 'read' } : { refused: reason }, `${query.slice(0, 50)} ${String(reason)}`)
  for (const [query] of cases.slice(0, -1)) t.strictSame(judge(query), { class: 'read' }, 'a later one says so itself')
  t.end()
})

t.test('the largest and the oddest bodies are judged in a tenth of a second', t => {
  const bodies = [`{ ${'a'.repeat(200_000)} }`, `{ ${'a '.repeat(100_000)} }`, '{'.repeat(200_000), '{a'.repeat(80_000), `{ ${'...F '.repeat(9000)} } fragment F on Query { a }`, `{ a(x: ${'['.repeat(9000)}) }`, `{ a(x: "${'\\u0041'.repeat(20_000)}") }`,
    `{ ${'#\n'.repeat(80_000)} a }`, `{ ...F0 } ${Array.from({ length: 900 }, (_, index) => `fragment F${index} on Query { ...F${index + 1} }`).join(' ')} fragment F900 on Query { a }`, `{ a(x: """${'\n '.repeat(80_000)}""") }`]
  for (const query of bodies) {
    judge(query)
    const start = process.cpuUsage()
    judge(query)
    const { user } = process.cpuUsage(start)
    t.ok(user < 100_000, `${query.slice(0, 30)}: ${user / 1000} ms`)
  }
  t.end()
})

t.test('the known fields are those of every MLflow\'s schema', t => {
  for (const kind of ['query', 'mutation'] as const) {
    const served = new Set(versions.flatMap(version => readRegistry(version).graphql[kind]))
    for (const field of readingFields[kind]) t.ok(field.startsWith('__') || served.has(field), `${kind} ${field} is served`)
    const writing = [...served].filter(field => !readingFields[kind].has(field))
    t.strictSame(writing, kind === 'mutation' ? ['testMutation'] : [], 'a field that MLflow gains is reviewed before it is let through')
  }
  t.end()
})

t.test('no body whatever throws, and none that is not JSON passes', t => {
  fc.assert(fc.property(fc.oneof(fc.uint8Array(), fc.json().map(text => Buffer.from(text)), fc.string().map(query => Buffer.from(JSON.stringify({ query })))), body => {
    const verdict = judgeGraphql(body)
    return 'refused' in verdict || verdict.class === 'admin' || JSON.parse(Buffer.from(body).toString()).query.includes('_')
  }), { numRuns: 1000 })
  t.end()
})
