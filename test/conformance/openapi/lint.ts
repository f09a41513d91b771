/** Lints and validates every edition of the document that a facade may serve. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Validator } from '@seriousme/openapi-schema-validator'
import { edition } from '../../../src/endpoints/openapi/document.js'
import { readDocuments } from '../../../src/endpoints/openapi/files.js'
import { versions } from '../../../src/mlflow/versions.js'

/** The versions of MLflow that have an edition, and `all`. */
export const editions: readonly string[] = [...versions, 'all']

/** @returns a line for each error: edition, rule and place */
export async function lintEditions (): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'openapi-lint-'))
  const { newest, older } = readDocuments()
  try {
    const found: string[] = []
    for (const version of editions) {
      const document = edition(newest, older, version)
      const { valid, errors } = await new Validator().validate(structuredClone(document) as never)
      if (!valid) found.push(`${version}: not OpenAPI 3.1: ${JSON.stringify(errors).slice(0, 500)}`)
      const file = join(folder, `${version}.json`)
      writeFileSync(file, JSON.stringify(document))
      found.push(...(await lint(file)).map(problem => `${version}: ${problem}`))
    }
    return found
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function lint (file: string): Promise<string[]> {
  const printed = await promisify(execFile)('npx', ['redocly', 'lint', '--config', 'redocly.yaml', '--format', 'json', '--max-problems', '1000', file], { maxBuffer: 2 ** 27 }).then(({ stdout }) => stdout, (error: { stdout: string }) => error.stdout)
  const { problems } = JSON.parse(printed.slice(printed.indexOf('{'))) as Linted
  return problems.filter(({ severity }) => severity === 'error').map(({ ruleId, message, location: [place] }) => `${ruleId}: ${message} at ${place?.pointer ?? ''}`)
}

interface Linted {
  readonly problems: ReadonlyArray<{ readonly ruleId: string, readonly severity: string, readonly message: string, readonly location: ReadonlyArray<{ readonly pointer?: string }> }>
}
