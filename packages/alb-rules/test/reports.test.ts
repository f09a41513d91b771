/** Reports for other programs: what they must not break, whatever stands in the rules. */
import t from 'tap'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { runChecks } from '../src/checks.js'
import { diffRuleSets } from '../src/diff.js'
import { readRules } from '../src/formats/read.js'
import { githubCommands } from '../src/reports/github.js'
import { markdownSummary } from '../src/reports/markdown.js'
import { changeNotices, findingNotices, type Notice } from '../src/reports/notice.js'
import { sarifLog } from '../src/reports/sarif.js'
import { forward } from './worlds.js'

const rule = (priority: string, path: string, target: string): object => ({ Priority: priority, Conditions: [{ Field: 'path-pattern', Values: [path] }], Actions: forward(target) })
const standard = { Priority: 'default', Conditions: [], Actions: forward('rest') }
const read = (...rules: object[]) => readRules(JSON.stringify({ Listeners: [{ Name: 'edge', Protocol: 'HTTPS', Rules: [...rules, standard] }] }))
const hostile: Notice = { id: 'prefix-overreach', severity: 'error', place: 'a:b,c, rule 1', message: '100%\r\n::warning::forged | `x` @someone <b> [l](u) *y*', fix: 'Do\nthis', command: 'curl \'```\'' }

const before = read(rule('10', '/a*', 'a'), rule('20', '/ab', 'b'))
const findings = findingNotices(runChecks(before), before)

t.test('findings and changes are told as notices with their place, their fix and a command', async t => {
  t.match(findings[0], { id: 'unreachable-rule', severity: 'error', place: 'edge, rule 20', message: /never reached/, fix: /Give rule 20/, command: /^curl -i 'https:/ })
  const after = read(rule('10', '/a', 'a'))
  t.match(changeNotices(diffRuleSets(before, after), [before, after])[0], { id: 'target-change', severity: 'warning', message: /Requests go from a \(rule 10\) to/, command: /^curl/ })
})

t.test('GitHub: one command a line, whose parts no value ends', async t => {
  const [line, ...more] = githubCommands([hostile], 'a,b:c%.json').split('\n')
  t.same(more, [''])
  t.equal(line, '::error file=a%2Cb%3Ac%25.json,title=prefix-overreach%3A a%3Ab%2Cc%2C rule 1::100%25%0D%0A::warning::forged | `x` @someone <b> [l](u) *y*%0ADo%0Athis%0Acurl \'```\'')
  t.match(githubCommands([{ id: 'x', severity: 'info', place: '', message: 'm' }], undefined), /^::notice title=x::m\n$/)
  t.equal(githubCommands([], 'f'), '')
})

/** What the schema of SARIF 2.1.0 asks of the parts that are written here: what is required, and that nothing else is there. */
const text = { type: 'object', required: ['text'], additionalProperties: false, properties: { text: { type: 'string', minLength: 1 } } }
const sarifSchema = {
  type: 'object',
  required: ['version', 'runs'],
  additionalProperties: false,
  properties: {
    $schema: { type: 'string', pattern: '^https://' },
    version: { const: '2.1.0' },
    runs: {
      type: 'array',
      items: {
        type: 'object',
        required: ['tool', 'results'],
        additionalProperties: false,
        properties: {
          tool: {
            type: 'object',
            required: ['driver'],
            additionalProperties: false,
            properties: { driver: { type: 'object', required: ['name'], additionalProperties: false, properties: { name: { type: 'string', minLength: 1 }, rules: { type: 'array', uniqueItems: true, items: { type: 'object', required: ['id'], additionalProperties: false, properties: { id: { type: 'string' }, shortDescription: text } } } } } }
          },
          results: {
            type: 'array',
            items: {
              type: 'object',
              required: ['message'],
              additionalProperties: false,
              properties: {
                ruleId: { type: 'string' },
                ruleIndex: { type: 'integer', minimum: -1 },
                level: { enum: ['none', 'note', 'warning', 'error'] },
                message: text,
                partialFingerprints: { type: 'object', additionalProperties: { type: 'string' } },
                locations: {
                  type: 'array',
                  items: {
                    type: 'object',
                    additionalProperties: false,
                    properties: {
                      physicalLocation: { type: 'object', additionalProperties: false, required: ['artifactLocation'], properties: { artifactLocation: { type: 'object', additionalProperties: false, properties: { uri: { type: 'string', pattern: '^([!#$&-;=?-Z_a-z~]|%[0-9A-F]{2})+$' } } }, region: { type: 'object', additionalProperties: false, properties: { startLine: { type: 'integer', minimum: 1 } } } } },
                      logicalLocations: { type: 'array', uniqueItems: true, items: { type: 'object', additionalProperties: false, properties: { fullyQualifiedName: { type: 'string' } } } }
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}

t.test('SARIF: what is written fits the schema, and every result names its check', async t => {
  const isValid = new Ajv2020({ allErrors: true }).compile(sarifSchema)
  for (const file of ['plan.json', 'a folder/plän %.json', 'C:\\x\\plan.json', undefined]) {
    const log = sarifLog([...findings, hostile], file) as { runs: [{ tool: { driver: { rules: Array<{ id: string }> } }, results: Array<{ ruleId: string, ruleIndex: number, level: string }> }] }
    t.ok(isValid(JSON.parse(JSON.stringify(log))), JSON.stringify(isValid.errors))
    const [{ tool: { driver: { rules } }, results }] = log.runs
    t.equal(results.length, findings.length + 1)
    for (const { ruleId, ruleIndex } of results) t.equal(rules[ruleIndex]?.id, ruleId)
    t.equal(results[0]?.level, 'error')
  }
  t.ok(isValid(sarifLog([], 'x.json')), 'no findings are a log too')
  t.notOk(isValid({ ...sarifLog([], 'x.json'), version: '2.0.0' }))
})

t.test('Markdown: no value makes a mark, calls somebody or leaves its code', async t => {
  const summary = markdownSummary([hostile], 'Rules')
  t.match(summary, /^### Rules: 1 error\n/)
  const [, told = ''] = summary.split('\n- ')
  t.match(told.split('\n')[0], '\\`x\\` &#64;someone &lt;b\\> \\[l\\]\\(u\\) \\*y\\*')
  t.match(told, '\n  ````sh\n  curl \'```\'\n  ````\n')
  t.match(markdownSummary([], 'Rules'), /nothing found/)
  const many = markdownSummary(Array.from({ length: 60 }, () => hostile), 'Rules')
  t.match(many, /10 more are not shown here/)
})
