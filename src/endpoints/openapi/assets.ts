/** The files of Swagger UI: a fixed few, each read and compressed when it is first asked for. */
import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join } from 'node:path'
import { compress, type Content } from './content.js'

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml'
}

/** Gives a file by its name; undefined where there is none. */
export function openAssets (): (name: string) => Promise<Content> | undefined {
  const folder = join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui')), 'static')
  const names = new Set(readdirSync(folder))
  const kept = new Map<string, Promise<Content>>()
  return name => {
    if (!names.has(name)) return undefined
    const content = kept.get(name) ?? load(name)
    kept.set(name, content)
    return content
  }

  async function load (name: string): Promise<Content> {
    try {
      return await compress(types[extname(name)] ?? 'application/octet-stream', await readFile(join(folder, name)))
    } catch (error) {
      kept.delete(name)
      throw error
    }
  }
}
