/** The generated documents, read from the folder `openapi` of the package. */
import { readFileSync } from 'node:fs'
import { shipped } from '../../core/version.js'
import type { Document, Older } from './document.js'

export interface Documents {
  readonly newest: Document
  readonly older: Older
}

/** @throws Error when the package is not whole */
export function readDocuments (): Documents {
  return { newest: read('openapi.json') as Document, older: read('older.json') as unknown as Older }
}

function read (name: string): unknown {
  return JSON.parse(readFileSync(shipped(`openapi/${name}`), 'utf8'))
}
