/** Writes the OpenAPI documents: `node dist/scripts/openapi.js`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { openapiFiles } from './generate/openapi-files.js'

for (const [path, text] of Object.entries(openapiFiles())) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
