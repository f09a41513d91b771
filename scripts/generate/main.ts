/** Writes every generated file of the project, or with `--check` says which ones are not as they should be. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { printAccess } from './access-page.js'
import { chartFiles } from './chart.js'
import { envExample } from './env-example.js'
import { openapiFiles } from './openapi-files.js'
import { mergeOperations, printOperations } from './operations.js'
import { errorsPage, settingsPage } from './pages.js'
import { versions } from '../../src/mlflow/versions.js'
import { readRegistry } from './registry.js'
import { contributingPage } from './rooms-page.js'
import { routingFiles } from './routing-files.js'

const operations = mergeOperations(versions.map(readRegistry))

const files: Record<string, string> = {
  'src/access/operations.generated.ts': printOperations(operations),
  'docs/access.md': printAccess(operations),
  ...await openapiFiles(),
  ...routingFiles(),
  'docs/config.md': settingsPage(),
  'docs/errors.md': errorsPage(),
  '.env.example': envExample(),
  ...chartFiles(),
  'CONTRIBUTING.md': contributingPage()
}

const changed = Object.entries(files).filter(([path, text]) => !existsSync(path) || readFileSync(path, 'utf8') !== text)
for (const [path, text] of changed) {
  console.log(path)
  if (process.argv.includes('--check')) continue
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
if (process.argv.includes('--check') && changed.length > 0) process.exitCode = 1
