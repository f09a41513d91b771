/** Seeded mistakes in table and matcher, of the kind that slip through a review: each must be caught by the checks. */
import type { Subject } from './checks.js'
import { withMistakeIn, type Mistake } from '../../helpers/mistakes.js'

const sources = ['classes', 'operations.generated', 'places', 'readings', 'templates', 'matcher'] as const

type Source = typeof sources[number]

interface Mutant extends Mistake {
  readonly source: Source
}

export const mutants: readonly Mutant[] = [
  { name: 'a line of the table is deleted', source: 'operations.generated', from: /^ {2}\{ id: 'createModelVersion'.*\n/m, to: '' },
  { name: 'an alias under ajax-api is deleted', source: 'operations.generated', from: "aliases: ['/ajax-api/2.0/mlflow/runs/log-batch'], ", to: '' },
  { name: 'a write is classed as a read', source: 'operations.generated', from: /(id: 'createRun'.*class: )'write'/, to: "$1'read'" },
  { name: 'a delete is classed as a read', source: 'operations.generated', from: /(id: 'deleteRegisteredModel'.*class: )'write'/, to: "$1'read'" },
  { name: 'spans may be sent without a key', source: 'operations.generated', from: /(id: 'exportTraces'.*class: )'write'/, to: "$1'public'" },
  { name: 'a secret of the gateway is readable', source: 'operations.generated', from: /(id: 'getGatewaySecretInfo'.*class: )'admin'/, to: "$1'read'" },
  { name: 'an upload URL counts as reading', source: 'operations.generated', from: /(id: 'createPresignedUploadUrl'.*class: )'write'/, to: "$1'read'" },
  { name: 'the assistant is open to administrators', source: 'operations.generated', from: /(id: 'assistantSendMessage'.*class: )'blocked'/, to: "$1'admin'" },
  { name: 'a path is misspelt', source: 'operations.generated', from: "path: '/api/2.0/mlflow/experiments/create'", to: "path: '/api/2.0/mlflow/experiment/create'" },
  { name: "MLflow's misspelt path is put right", source: 'operations.generated', from: '/api/2.0mlflow/', to: '/api/2.0/mlflow/' },
  { name: 'an operation has another method', source: 'operations.generated', from: /(id: 'deleteTraces', method: )'POST'/, to: "$1'DELETE'" },
  { name: 'an operation begins in a later version', source: 'operations.generated', from: /(id: 'searchRuns'.*since: )'2\.22\.5'/, to: "$1'3.9.0'" },
  { name: 'an operation is invented', source: 'operations.generated', from: "  { id: 'createRun'", to: "  { id: 'invented', method: 'POST', path: '/api/2.0/mlflow/invented', family: 'rest', class: 'read', area: 'Runs', since: '2.22.5' },\n  { id: 'createRun'" },
  { name: 'an artifact path loses its mark', source: 'operations.generated', from: /(id: 'uploadArtifact'.*)artifact: true, /, to: '$1' },
  { name: 'a parameter takes one segment only', source: 'operations.generated', from: '{name:path}/versions/{version:path}/tags/{key:path}', to: '{name:path}/versions/{version:path}/tags/{key}' },
  { name: 'paths are judged without decoding', source: 'matcher', from: "judge(table, decode(path, '/'))", to: 'judge(table, path)' },
  { name: 'paths are decoded twice', source: 'matcher', from: "judge(table, decode(path, '/'))", to: "judge(table, decode(decode(path, '/'), '/'))" },
  { name: '%2F is a separator only', source: 'matcher', from: 'encodedSlash.test(path) ? decode(path, dataSlash) : undefined', to: 'undefined' },
  { name: '%2F is data only', source: 'matcher', from: "judge(table, decode(path, '/'))", to: 'judge(table, decode(path, dataSlash))' },
  { name: 'the weaker of two classes is demanded', source: 'classes', from: 'if (includes(a, b)) return a', to: 'if (includes(a, b)) return b' },
  { name: 'the unknown is readable', source: 'matcher', from: "id: unknownId, class: 'admin'", to: "id: unknownId, class: 'read'" },
  { name: 'patterns have no end', source: 'templates', from: 'walk(head, path, from) === path.length', to: 'walk(head, path, from) !== -1' },
  { name: 'a segment may hold slashes', source: 'templates', from: "const slash = path.indexOf('/', at)", to: 'const slash = -1' },
  { name: 'case does not matter', source: 'matcher', from: 'const exact = find(table, path)', to: 'const exact = find(table, path.toLowerCase())' },
  { name: 'a text between two parameters is looked for from the right', source: 'templates', from: 'path.indexOf(text, at)', to: 'path.lastIndexOf(text)' },
  { name: 'the tail of a template may lie within its head', source: 'templates', from: 'return at <= end && (native', to: 'return (native' },
  { name: 'HEAD is not judged as GET', source: 'matcher', from: "tables.set('HEAD', get)", to: "tables.set('HEAD', noRoutes)" },
  { name: 'leading slashes are not dropped', source: 'readings', from: 'code !== slash || last !== slash', to: 'code !== slash || last !== slash || index === 1' },
  { name: 'later routes win', source: 'matcher', from: 'template.rank > best.rank', to: 'template.rank < best.rank' },
  { name: 'doubled slashes are data everywhere', source: 'matcher', from: 'artifactPath: operation.artifact === true', to: 'artifactPath: true' },
  { name: 'what a later MLflow adds to the assistant is not blocked', source: 'classes', from: "{ id: 'assistant', family: 'assistant', pattern: /^\\/(?:ajax-)?api", to: "{ id: 'assistant', family: 'assistant', pattern: /^\\/gone" },
  { name: 'what is blocked is open in capitals', source: 'matcher', from: 'const plain = undisguise(path)', to: 'const plain = path' }
]

/** Table and matcher with a mistake in them. @throws Error when the mistake has no place in the source any more */
export async function withMistake (mutant: Mutant): Promise<Subject> {
  return await withMistakeIn('src/access', sources, mutant, async load => {
    const { match } = await load('matcher') as Pick<Subject, 'match'>
    const { operations } = await load('operations.generated') as Pick<Subject, 'operations'>
    return { operations, match }
  })
}
