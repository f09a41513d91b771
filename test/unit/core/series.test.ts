/** Counters and histograms of ours print what prom-client's would, whatever is observed. */
import fc from 'fast-check'
import { Counter, Histogram, Registry } from 'prom-client'
import t from 'tap'
import { createCounter, createHistogram } from '../../../src/core/telemetry/series.js'

const buckets = [0.005, 0.1, 1, 60]
const labelled = fc.constantFrom('a', 'b "quoted"', 'c\\\n')

t.test('a histogram', async t => {
  const observation = fc.tuple(labelled, fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constantFrom(...buckets, 0, 1e9)))
  await fc.assert(fc.asyncProperty(fc.array(observation), async observations => {
    const [own, theirs] = [new Registry(), new Registry()]
    const names = { name: 'seconds', help: 'Time.', labelNames: ['operation'] as const }
    const series = createHistogram(own, names, buckets)
    const histogram = new Histogram({ ...names, buckets: [...buckets], registers: [theirs] })
    const kept = new Map<string, ReturnType<typeof series>>()
    for (const [operation, value] of observations) {
      const one = kept.get(operation) ?? series({ operation })
      kept.set(operation, one)
      one.observe(value)
      histogram.labels({ operation }).observe(value)
    }
    t.equal(await own.metrics(), await theirs.metrics())
  }), { numRuns: 200 })
})

t.test('a counter', async t => {
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(labelled, fc.nat(1000))), async counts => {
    const [own, theirs] = [new Registry(), new Registry()]
    const names = { name: 'bytes_total', help: 'Bytes.', labelNames: ['direction'] as const }
    const series = createCounter(own, names)
    const counter = new Counter({ ...names, registers: [theirs] })
    const kept = new Map<string, ReturnType<typeof series>>()
    for (const [direction, by] of counts) {
      const one = kept.get(direction) ?? series({ direction })
      kept.set(direction, one)
      one.add(by)
      counter.inc({ direction }, by)
    }
    t.equal(await own.metrics(), await theirs.metrics())
  }), { numRuns: 200 })
})
