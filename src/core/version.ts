/** The package that this file belongs to: its version, from the one place where it stands, and the files that are shipped with it. */
import { existsSync, readFileSync } from 'node:fs'

/** The folder of package.json, however deep below it this file was compiled to. @throws Error when the package is not whole */
function rootAbove (folder: URL): URL {
  if (existsSync(new URL('package.json', folder))) return folder
  const above = new URL('../', folder)
  if (above.href === folder.href) throw new Error('package.json is missing')
  return rootAbove(above)
}

const root = rootAbove(new URL('./', import.meta.url))

/** @param path of a file, from the folder of package.json */
export function shipped (path: string): URL {
  return new URL(path, root)
}

export const version = (JSON.parse(readFileSync(shipped('package.json'), 'utf8')) as { version: string }).version
