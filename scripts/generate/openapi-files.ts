/** The OpenAPI documents as files: `openapi/openapi.json`, its YAML twin, what only older versions of MLflow have, and docs/api.md. */
import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { operations } from '../../src/access/operations.generated.js'
import { version } from '../../src/core/version.js'
import type { Document } from '../../src/endpoints/openapi/document.js'
import { versions } from '../../src/mlflow/versions.js'
import { buildDocument, type OpenApi, type Sources } from './openapi/build.js'
import type { Facts } from './openapi/messages.js'
import { guide } from './openapi/guide.js'
import { readOwn } from './openapi/own.js'
import { examplesFrom, type Recorded } from './openapi/recorded.js'
import { readRegistry } from './registry.js'

/** All generated files of this part, by path from the folder of the project. */
export async function openapiFiles (): Promise<Record<string, string>> {
  const sources = await readSources()
  const newest = buildDocument(sources, false)
  return {
    'openapi/openapi.json': JSON.stringify(newest, null, 1) + '\n',
    'openapi/openapi.yaml': stringify(newest, { aliasDuplicateObjects: false, lineWidth: 0 }),
    'docs/api.md': guide(newest as unknown as Document),
    'openapi/older.json': JSON.stringify(beyond(newest, buildDocument(sources, true)), null, 1) + '\n'
  }
}

export async function readSources (): Promise<Sources> {
  return {
    operations,
    registries: versions.map(readRegistry),
    facts: readJson('scripts/generate/openapi/facts.json') as Facts,
    examples: examplesFrom(readRecorded()),
    own: await readOwn(),
    version
  }
}

/** What test/conformance/openapi/main.ts recorded from the newest MLflow. */
export function readRecorded (): Recorded[] {
  return readJson('scripts/generate/openapi/recorded.json') as Recorded[]
}

/** What the larger document has and the smaller has not. */
function beyond (newest: OpenApi, all: OpenApi): unknown {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [path, methods] of Object.entries(all.paths)) {
    const more = Object.entries(methods).filter(([method]) => newest.paths[path]?.[method] === undefined)
    if (more.length > 0) paths[path] = Object.fromEntries(more)
  }
  const schemas = Object.entries(all.components.schemas).filter(([name]) => newest.components.schemas[name] === undefined)
  return { paths, components: { schemas: Object.fromEntries(schemas) } }
}

function readJson (path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'))
}
