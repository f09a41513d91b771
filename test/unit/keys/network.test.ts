import t from 'tap'
import { networkOf } from '../../../src/keys/stores/sqlite/network.js'

const missing = Object.assign(new Error('not there'), { code: 'ENOENT' })

t.test('a file system of other machines is told by its number, also where a long has 32 bits', t => {
  const on = (type: number): string | undefined => networkOf('/x/keys.db', () => ({ type }))
  t.equal(on(0x6969), 'NFS')
  t.equal(on(0xff534d42), 'CIFS')
  t.equal(on(0xfe534d42 | 0), 'SMB')
  for (const local of [0xef53, 0x58465342, 0x9123683e, 0x794c7630, 0x01021994, 0x65735546, 0x01021997]) t.equal(on(local), undefined, `0x${local.toString(16)}`)
  t.end()
})

t.test('a file that is not there yet lies where its nearest folder does; what cannot be looked at is left to SQLite', t => {
  const asked: string[] = []
  const kind = networkOf('/share/a/b/keys.db', path => {
    asked.push(path)
    if (path !== '/share') throw missing
    return { type: 0x6969 }
  })
  t.equal(kind, 'NFS')
  t.strictSame(asked, ['/share/a/b/keys.db', '/share/a/b', '/share/a', '/share'])
  t.equal(networkOf('/keys.db', () => { throw missing }), undefined)
  t.equal(networkOf('/share/keys.db', () => { throw Object.assign(new Error('no'), { code: 'EACCES' }) }), undefined)
  t.equal(networkOf('keys.db'), undefined)
  t.end()
})
