/** The package that this file belongs to: its version, from the one place where it stands, and the files that are shipped with it. */
import { existsSync, readFileSync } from 'node:fs'

/** package.json lies two folders above the compiled file and one above the source. */
const root = ['../', '../../'].map(path => new URL(path, import.meta.url)).find(folder => existsSync(new URL('package.json', folder)))

/** @param path of a file, from the folder of package.json */
export function shipped (path: string): URL {
  if (root === undefined) throw new Error('package.json is missing')
  return new URL(path, root)
}

export const version = (JSON.parse(readFileSync(shipped('package.json'), 'utf8')) as { version: string }).version
