/**
 * Counts what `check` says above info of the files in test/inputs, which are shaped after those that people have, and how much of it is
 * false or cannot be mended. Usage: node .build/packages/alb-rules/test/noise.js [PROGRAM], such as that of an earlier version.
 */
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const folder = resolve('packages/alb-rules/test/inputs')

export interface Judged {
  readonly file: string
  /** Such as `unreachable-rule 20`, above info. */
  readonly told: readonly string[]
  /** Those of them that are true and can be mended, as `judgement.json` says. */
  readonly right: readonly string[]
  /** Why the file was refused, where it was. */
  readonly refused?: string
}

export function judge (program: string): readonly Judged[] {
  const judgement = JSON.parse(readFileSync(join(folder, 'judgement.json'), 'utf8')) as Readonly<Record<string, readonly string[]>>
  return readdirSync(folder).filter(file => file !== 'judgement.json').sort().map(file => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [program, 'check', join(folder, file), '--json'], { encoding: 'utf8' })
    if (status === 2) return { file, told: [], right: [], refused: stderr.split('\n')[0] ?? '' }
    const { findings } = JSON.parse(stdout) as { findings: ReadonlyArray<{ check: string, rule: string | null, severity: string }> }
    const told = findings.filter(({ severity }) => severity !== 'info').map(({ check, rule }) => `${check} ${rule ?? ''}`.trim())
    return { file, told, right: told.filter(one => judgement[file]?.includes(one) === true) }
  })
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const results = judge(process.argv[2] ?? resolve('packages/alb-rules/dist/cli/main.js'))
  for (const { file, told, right, refused } of results) {
    const wrong = told.filter(one => !right.includes(one))
    if (refused !== undefined || wrong.length > 0) console.log(`${file}: ${refused ?? wrong.join(', ')}`)
  }
  const count = (list: (one: Judged) => readonly string[]): number => results.reduce((sum, one) => sum + list(one).length, 0)
  console.log(`${results.length} files, ${results.filter(({ refused }) => refused !== undefined).length} refused, ${count(({ told }) => told)} warnings and errors, ${count(({ told, right }) => told.filter(one => !right.includes(one)))} of them false or not to be mended`)
}
