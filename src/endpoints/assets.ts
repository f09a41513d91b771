/** Files that pages of ours load: a fixed few, each read and compressed when it is first asked for. */
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { compress, type Content } from './content.js'

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml'
}

/** Where files are, by the names that they are asked for by. */
export type AssetPaths = ReadonlyMap<string, string>

/** The files in and below a folder that have one of the known types, by their paths from there. */
export function assetsIn (folder: string): AssetPaths {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => extname(file) in types)
  return new Map(files.map(file => [file.split(sep).join('/'), join(folder, file)]))
}

/** Gives a file by its name; undefined where there is none. */
export function openAssets (paths: AssetPaths): (name: string) => Promise<Content> | undefined {
  const kept = new Map<string, Promise<Content>>()
  return name => {
    const path = paths.get(name)
    if (path === undefined) return undefined
    const content = kept.get(name) ?? load(name, path)
    kept.set(name, content)
    return content
  }

  async function load (name: string, path: string): Promise<Content> {
    try {
      return await compress(types[extname(path)] ?? '', await readFile(path))
    } catch (error) {
      kept.delete(name)
      throw error
    }
  }
}
