/** The metrics of all workers: what is asked of them, and how often. */
import type { Worker } from 'node:cluster'
import { Registry } from 'prom-client'
import t from 'tap'
import type { Order } from '../../../src/workers/messages.js'
import { openTotals, type Totals } from '../../../src/workers/totals.js'

/** A worker that has counted one call, and says so a little later. */
function opened (): { readonly totals: Totals, readonly asked: () => number } {
  let asked = 0
  const worker = {
    send (order: Order) {
      asked++
      if (order.order !== 'measure') return
      const measures = [{ name: 'calls_total', help: 'Calls', type: 'counter', aggregator: 'sum', values: [{ value: 1, labels: {} }] }]
      setImmediate(() => totals.measured(worker, order.round, measures))
    }
  } as unknown as Worker
  const totals = openTotals(new Registry(), () => [worker])
  return { totals, asked: () => asked }
}

t.test('scrapes at once share one question, and none of them waits in vain', async t => {
  const { totals, asked } = opened()
  const began = performance.now()
  const texts = await Promise.all([totals.metrics(), totals.metrics(), totals.metrics()])
  t.ok(performance.now() - began < 900, 'less than a worker that does not answer is waited for')
  for (const text of texts) t.match(text, /^calls_total 1$/m)
  t.equal(asked(), 1)
  await totals.metrics()
  t.equal(asked(), 2, 'a later one asks anew')
})
