/** Runs as a thread: writes one edition of the document as JSON and as YAML, hands both over and ends. */
import { parentPort, workerData } from 'node:worker_threads'
import { stringify } from 'yaml'
import { edition } from './document.js'
import type { Texts } from './editions.js'
import { readDocuments } from './files.js'

const { newest, older } = readDocuments()
const document = edition(newest, older, workerData as string)
const encoder = new TextEncoder()
// Arrays of their own, not parts of Node's pool: handed over, not copied.
const texts: Texts = {
  json: encoder.encode(JSON.stringify(document)),
  yaml: encoder.encode(stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 }))
}
parentPort?.postMessage(texts, [texts.json.buffer, texts.yaml.buffer])
