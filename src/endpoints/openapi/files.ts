/** The generated documents, read from the folder `openapi` of the package. */
import { existsSync, readFileSync } from 'node:fs'
import type { Document, Older } from './document.js'

export interface Documents {
  readonly newest: Document
  readonly older: Older
}

/** @throws Error when the package is not whole */
export function readDocuments (): Documents {
  return { newest: read('openapi.json') as Document, older: read('older.json') as unknown as Older }
}

/** The folder lies two above the source and three above the compiled file. */
function read (name: string): unknown {
  const url = ['../../', '../../../'].map(up => new URL(`${up}openapi/${name}`, import.meta.url)).find(existsSync)
  if (url === undefined) throw new Error(`openapi/${name} is missing: run \`npm run generate\`.`)
  return JSON.parse(readFileSync(url, 'utf8'))
}
