/** The facade's own version, from the one place where it stands. */
import { readFileSync } from 'node:fs'

/** package.json lies two folders above the compiled file and one above the source. */
function readVersion (): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      return (JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string }).version
    } catch { /* the other one */ }
  }
  throw new Error('package.json is missing')
}

export const version = readVersion()
