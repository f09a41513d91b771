/** The growth part of the benchmark in small: it runs, and each of its figures is one. */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { openKeyStores, type FilledStore } from '../../../bench/filled.js'
import { readStoreUrl } from '../../../src/core/settings/config.js'
import type { KeyStore } from '../../../src/keys/contract.js'
import { openPostgres } from '../../../src/keys/stores/postgres/store.js'
import { openSqlite } from '../../../src/keys/stores/sqlite/store.js'

const command = ['.build/bench/main.js', '--growth', '--keys', '10,2000', '--rounds', '1', '--seconds', '1', '--warm-up', '1', '--only', 'facade']

t.test('bench --growth measures keys in both stores and idle connections, and writes each into its section', async t => {
  const file = join(t.testdir(), 'page.md')
  writeFileSync(file, '<!-- bench: growth -->\n<!-- bench: end -->\nbetween\n<!-- bench: idle -->\n<!-- bench: end -->\n')
  await promisify(execFile)(process.execPath, [...command, '--markdown', file], { timeout: 150_000 })
  const [keys = '', idle = ''] = readFileSync(file, 'utf8').split('between\n')
  const rows = (text: string): string[][] => text.split('\n').filter(line => /^\| (?:SQLite|PostgreSQL|facade) /.test(line)).map(line => line.split(' | '))
  t.strictSame(rows(keys).map(([store, count]) => `${store} ${count}`), ['| SQLite 10', '| SQLite 2,000', '| PostgreSQL 10', '| PostgreSQL 2,000'])
  for (const [store = '', count = '', known, ratio, , asked, other] of rows(keys)) {
    for (const figure of [known, ratio, asked, other]) t.ok(Number(figure) > 0, `${store} ${count}: ${figure}`)
  }
  t.ok(rows(idle).length >= 2)
  for (const [, count = '', , , cost] of rows(idle)) t.ok(Number(cost) > 1, `${count}: ${cost}`)
})

async function openWatched ({ url }: FilledStore, onStatement: (text: string) => void): Promise<KeyStore> {
  const store = readStoreUrl(url, () => '')
  if (store?.kind === 'sqlite') return openSqlite(store.file, { onStatement })
  if (store?.kind === 'postgres') return await openPostgres(store.address, { staleMs: 0, onStatement })
  throw new Error(`${url} is no store of our own`)
}

t.test('a store of the benchmark holds its keys, and after each change every key is asked about again', async t => {
  const stores = await openKeyStores(t, { scratch: t.testdir() }, [10, 30])
  t.strictSame(stores.map(({ name, keys }) => `${name} ${keys}`), ['SQLite 10', 'SQLite 30', 'PostgreSQL 10', 'PostgreSQL 30'])
  for (const filled of stores) {
    let lookups = 0
    const store = await openWatched(filled, text => { if (text.includes('WHERE hash =')) lookups++ })
    t.teardown(async () => await store.close())
    const isValid = async (index: number): Promise<boolean> => (await store.verify(filled.keyAt(index), '127.0.0.1')).valid
    const asks = async (): Promise<number> => {
      const before = lookups
      for (const index of [0, filled.keys - 1]) t.ok(await isValid(index), `${filled.name}: key ${index}`)
      return lookups - before
    }
    t.notOk(await isValid(filled.keys), 'there are no more')
    t.equal(await asks(), 2)
    t.equal(await asks(), 0, 'known')
    await filled.change()
    t.equal(await asks(), 2)
    await filled.change()
    t.equal(await asks(), 2)
  }
})
