/**
 * Counters and histograms that are counted at each request, where counting is an addition. prom-client prints them at a
 * scrape; its own hash the labels at each observation, which took a fifth of the time of a small request.
 */
import type { Metric, Registry } from 'prom-client'

interface Named<Label extends string> {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly Label[]
}

type Labels<Label extends string> = Readonly<Record<Label, string>>

/** A number that only grows. */
export interface CounterSeries {
  add: (by: number) => void
}

export interface HistogramSeries {
  /** @param traceId of the request that took so long, where it can be looked up */
  observe: (value: number, traceId?: string) => void
}

/** @returns the series with these labels, to be kept by who counts */
export function createCounter<Label extends string> (
  registry: Registry,
  { name, help }: Named<Label>
): (labels: Labels<Label>) => CounterSeries {
  const series: Array<Counted<Label>> = []
  register(registry, { name, help, type: 'counter', values: () => series.map(({ labels, value }) => ({ labels, value })) })
  return labels => {
    const made = new Counted(labels)
    series.push(made)
    return made
  }
}

class Counted<Label extends string> implements CounterSeries {
  readonly labels: Labels<Label>
  value = 0

  constructor (labels: Labels<Label>) {
    this.labels = labels
  }

  add (by: number): void {
    this.value += by
  }
}

/** @param buckets upper bounds, ascending */
export function createHistogram<Label extends string> (
  registry: Registry,
  { name, help }: Named<Label>,
  buckets: readonly number[]
): (labels: Labels<Label>) => HistogramSeries {
  const series: Array<Observed<Label>> = []
  register(registry, { name, help, type: 'histogram', values: () => series.flatMap(one => one.values(name)) })
  return labels => {
    const made = new Observed(labels, buckets)
    series.push(made)
    return made
  }
}

class Observed<Label extends string> implements HistogramSeries {
  private readonly labels: Labels<Label>
  private readonly buckets: readonly number[]
  private readonly counts: Float64Array
  private readonly exemplars: Array<Exemplar | undefined> = []
  private sum = 0

  constructor (labels: Labels<Label>, buckets: readonly number[]) {
    this.labels = labels
    this.buckets = buckets
    this.counts = new Float64Array(buckets.length + 1)
  }

  observe (value: number, traceId?: string): void {
    let index = 0
    while (index < this.buckets.length && value > (this.buckets[index] ?? Infinity)) index++
    this.counts[index] = (this.counts[index] ?? 0) + 1
    this.sum += value
    if (traceId !== undefined) this.exemplars[index] = { labelSet: { trace_id: traceId }, value, timestamp: Date.now() / 1000 }
  }

  values (name: string): Value[] {
    let count = 0
    const rows = [...this.buckets.map(String), '+Inf'].map((le, index) => {
      count += this.counts[index] ?? 0
      const exemplar = this.exemplars[index]
      return { metricName: `${name}_bucket`, labels: { le, ...this.labels }, value: count, ...exemplar === undefined ? {} : { exemplar } }
    })
    return [
      ...rows,
      { metricName: `${name}_sum`, labels: this.labels, value: this.sum },
      { metricName: `${name}_count`, labels: this.labels, value: count }
    ]
  }
}

interface Value {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
  readonly exemplar?: Exemplar
}

/** One of those that a bucket counts, in prom-client's form; the time in seconds since 1970. */
export interface Exemplar {
  readonly labelSet: Readonly<Record<string, string>>
  readonly value: number
  readonly timestamp: number
}

/** What prom-client's registry asks of a metric. */
function register (
  registry: Registry,
  { name, help, type, values }: { readonly name: string, readonly help: string, readonly type: string, readonly values: () => Value[] }
): void {
  const get = async (): Promise<unknown> => ({ name, help, type, values: values(), aggregator: 'sum' })
  registry.registerMetric({ name, help, type, aggregator: 'sum', get, reset () {} } as unknown as Metric)
}
