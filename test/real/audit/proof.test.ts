/** The short form of `npm run audit:proof`, and that it can fail. */
import t from 'tap'
import { differences, replay, tallyOf } from '../../conformance/audit/replay.js'
import { kinds } from '../../conformance/audit/kinds.js'

t.setTimeout(300_000)

t.test('of mixed traffic against a real MLflow each refusal and each change is one event, and nothing else is', async t => {
  const { calls, expected, found, missing } = await replay(t, t.testdir(), 400)
  t.strictSame(differences(expected, found), [])
  t.ok(calls >= 400 && expected.size > 30, `${calls} calls, ${expected.size} kinds of events`)
  t.equal(missing, 0)
})

t.test('an event that is missing, is one too many, or says something else is seen', t => {
  const event = { seq: 1, source: 's', time: '', operation: 'createRun', outcome: 'allowed' } as const
  const expected = tallyOf([event, { ...event, outcome: 'refused', reason: 'scope', count: 3 }])
  t.strictSame(differences(expected, expected), [])
  t.match(differences(expected, tallyOf([event])), ['createRun refused scope: expected 3, found 0'])
  t.match(differences(expected, tallyOf([event, event, { ...event, outcome: 'refused', reason: 'scope', count: 3 }])), ['createRun allowed: expected 1, found 2'])
  t.equal(differences(expected, tallyOf([{ ...event, outcome: 'failed' }, { ...event, outcome: 'refused', reason: 'rate', count: 3 }])).length, 4)
  t.ok(new Set(kinds.map(({ name }) => name)).size === kinds.length)
  t.end()
})
