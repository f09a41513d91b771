/** All that an MLflow stores or does, as one hash: rows of its database, its artifacts, what lies in its cloud storage, and how often it called a provider. */
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import sqlite from '@photostructure/sqlite'
import type { Storage } from '../openapi/storage.js'
import type { World } from '../openapi/world.js'

export async function stateOf ({ dir, called }: World, storage: Storage): Promise<string> {
  const hash = createHash('sha256')
  for (const line of rowsOf(join(dir, 'mlflow.db'))) hash.update(line)
  for (const file of filesBelow(join(dir, 'artifacts'))) hash.update(file).update(readFileSync(file))
  return hash.update(await storage.list()).update(String(called())).digest('hex')
}

function * rowsOf (file: string): Generator<string> {
  const database = new sqlite.DatabaseSync(file, { readOnly: true })
  try {
    database.exec('begin') // one view of all tables
    for (const { name } of database.prepare("select name from sqlite_master where type = 'table' order by name").all() as Array<{ name: string }>) {
      const rows = database.prepare(`select * from "${name}"`)
      rows.setReadBigInts(true) // times in nanoseconds are no numbers of JavaScript's
      for (const row of rows.all() as Array<Record<string, unknown>>) yield `${name} ${Object.values(row).join('\u0000')}\n`
    }
    database.exec('commit') // else MLflow cannot write until the statements are collected
  } finally {
    database.close()
  }
}

function filesBelow (folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name)).sort()
}
