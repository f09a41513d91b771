/** What the benchmark says of its rounds, and when CI fails. */
import t from 'tap'
import { rateSections, rateShortfalls, type Rates } from '../../../bench/rates.js'

/** Rounds with these microseconds of processor time a request. */
function rates (times: Readonly<Record<string, readonly number[]>>): Rates {
  const load = { requests: 1000, requestsPerSecond: 1000, p50Ms: 1, p99Ms: 2, residentBytes: 1024 ** 2 }
  return new Map(Object.entries(times).map(([name, rounds]) => [name, rounds.map(processorUs => ({ ...load, processorUs }))]))
}

const quiet = { facade: [90, 88, 91], 'http-proxy': [105, 104, 106], 'nginx-auth_request': [49, 48, 50] }

t.test('the facade as it is passes', async t => {
  t.same(rateShortfalls(rates(quiet)), [])
})

t.test('a busy machine does not fail it', async t => {
  t.same(rateShortfalls(rates({ ...quiet, facade: [250, 95, 180] })), [])
})

t.test('a regression by half does', async t => {
  t.same(rateShortfalls(rates({ ...quiet, facade: quiet.facade.map(time => time * 1.5) })), [
    'The facade reaches 0.79 of http-proxy by processor time; the floor is 0.85.',
    'The facade reaches 0.36 of nginx-auth_request by processor time; the floor is 0.40.'
  ])
})

t.test('a peer that was not measured is no pass', async t => {
  t.equal(rateShortfalls(rates({ facade: quiet.facade })).length, 2)
})

t.test('the short table is of GETs alone', async t => {
  t.same(rateSections(rates(quiet), 'get', '').map(({ name }) => name), ['rates', 'summary'])
  const [section, ...more] = rateSections(rates(quiet), 'mix', 'Said how.')
  t.same(more, [])
  t.match(section, { name: 'rates-mix', markdown: /^\| peer \| .+\n\| --- .+\n\| facade \| 90\.0 \| 88 to 91 \| 0\.55 \| – \| 1\.17 \| 1,000 \| 1\.00 \| 2\.00 \| 1 \|\n/ })
  t.match(section?.markdown, / Said how\.\n$/)
})
