/** The drill in its short form, and that its judge can say no. */
import t from 'tap'
import { drill } from '../../conformance/drill/drill.js'
import { judge, type DrillKey } from '../../conformance/drill/judge.js'

const term = { revokedWithinMs: 1000 }

t.test('the judge finds each planted fault, and none in what is right', async t => {
  const verdict = (key: Partial<DrillKey>, status: number, sentAt = 0, wasSeen = false): string =>
    judge({ endingAt: undefined, endedAt: undefined, ...key }, { sentAt, status, wasSeen }, term)
  for (const status of [400, 401, 403, 404]) t.equal(verdict({}, status), 'violation', `a good key got ${status}`)
  for (const status of [429, 502, 503]) t.equal(verdict({}, status, 0, true), 'violation', `a key that was served before got ${status}`)
  t.equal(verdict({}, 200), 'served')
  t.equal(verdict({}, 503), 'unavailable')
  t.equal(verdict({}, 429), 'limited')

  const ended = { endingAt: 0, endedAt: 10 }
  t.equal(verdict(ended, 200, 1009), 'open')
  t.equal(verdict(ended, 401, 20), 'open')
  t.equal(verdict(ended, 200, 1010), 'violation')
  t.equal(verdict(ended, 403, 20), 'violation')
  t.equal(verdict(ended, 403, 2000), 'violation')
  t.equal(verdict(ended, 401, 2000), 'refused')
  t.equal(verdict(ended, 503, 2000, true), 'unavailable')
  for (const status of [200, 401]) t.equal(verdict({ endingAt: 0, endedAt: Infinity }, status, 5000), 'open', 'nobody knows whether it has ended')
})

t.test('no good key is refused and no ended one served while Redis, PostgreSQL and the auth service fail', async t => {
  const rows = await drill(t, { outageMs: 1500, cacheSeconds: 1 }, () => {})
  t.equal(rows.length, 14)
  for (const { outage, side, violations, served, refused, unavailable, worstTransferMs } of rows) {
    t.strictSame(violations, [], `${outage}, ${side}`)
    t.ok(served > 20 && refused > 0 && worstTransferMs > 0, `${outage}, ${side}: ${served} served, ${refused} refused`)
    t.ok(/PostgreSQL|auth/.test(outage) || unavailable === 0, `${outage}, ${side}: ${unavailable} calls got 5xx`)
  }
})

t.test('the drill finds a facade that believes an auth service for longer than it may', async t => {
  const rows = await drill(t, { outageMs: 1500, isCalm: true, cacheSeconds: 1, believedSeconds: 30 }, () => {})
  t.strictSame(rows.find(({ side }) => side === 'postgres')?.violations, [])
  const { violations = [], worstTransferMs = 0 } = rows.find(({ side }) => side === 'service') ?? {}
  t.match(violations.join(), /a key got 200 in a call that was sent \d+ ms after its end/)
  t.ok(worstTransferMs > 3000, `a transfer went on for ${Math.round(worstTransferMs)} ms`)
})
