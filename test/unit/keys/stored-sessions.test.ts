/** Sessions beside the keys, where the store's answers come late. */
import t from 'tap'
import { StoreUnavailableError, type FoundSession, type SessionRows, type Verdict } from '../../../src/keys/contract.js'
import { openStoredSessions } from '../../../src/keys/sessions/stored.js'
import { callerFor, good, start } from '../../helpers/verdict-cache.js'

const key = `hk_live_${'k'.repeat(42)}`
const found: FoundSession = { keyHash: 'a'.repeat(64), createdAt: start, seenAt: start }

/** A store that holds one session until it is removed, and whose answers a test may hold up. */
function open (): { readonly rows: SessionRows, readonly clock: { at: number }, readonly late: { find?: Promise<void>, key?: Promise<void>, isDown: boolean } } {
  const late: { find?: Promise<void>, key?: Promise<void>, isDown: boolean } = { isDown: false }
  let isThere = true
  const rows: SessionRows = {
    verifyKey: async (): Promise<Verdict> => {
      await late.key
      return good(key)
    },
    add: async () => {},
    find: async () => {
      if (late.isDown) throw new StoreUnavailableError('down')
      const answer = isThere ? found : undefined // as it was when it was asked for
      await late.find
      return answer
    },
    touch: async () => {},
    remove: async () => { isThere = false }
  }
  return { rows, clock: { at: start }, late }
}

for (const slow of ['find', 'key'] as const) {
  t.test(`who signs out has at once, whatever was asked before and is answered after: ${slow}`, async t => {
    const { rows, clock, late } = open()
    const sessions = openStoredSessions(rows, { idleMs: 100_000, maxMs: 1_000_000, staleMs: 10_000, now: () => clock.at })
    const id = await sessions.begin(key, callerFor(key))
    clock.at += 90_000 // so that its use is noted
    let answer = (): void => {}
    late[slow] = new Promise(resolve => { answer = resolve })
    const pending = sessions.verify(id, '')
    await new Promise(resolve => setImmediate(resolve))
    await sessions.end(id)
    answer()
    t.match(await pending, { valid: true }, 'what came before goes on')
    t.equal(await sessions.verify(id, ''), undefined)
    late.isDown = true
    await t.rejects(async () => await sessions.verify(id, ''), { name: 'StoreUnavailableError' }, 'and no outage brings it back')
  })
}
