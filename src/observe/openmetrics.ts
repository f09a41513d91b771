/**
 * Metrics in the OpenMetrics format, which alone has exemplars. prom-client writes it for a registry of its own counters only, and changes
 * their names for good.
 */
import type { Registry } from 'prom-client'
import type { Exemplar } from '../core/telemetry/series.js'

export const openMetricsType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

interface Family {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly values: readonly Sample[]
}

interface Sample {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string | number>>
  readonly value: number
  readonly exemplar?: Exemplar | null
}

/** Whether an `Accept` header asks for it, as Prometheus does by default. */
export function acceptsOpenMetrics (accept: string | undefined): boolean {
  return accept?.includes('application/openmetrics-text') === true
}

export async function openMetricsOf (registry: Pick<Registry, 'getMetricsAsJSON'>): Promise<string> {
  const families = await registry.getMetricsAsJSON() as unknown as readonly Family[]
  return `${families.flatMap(linesOf).join('\n')}\n# EOF\n`
}

function linesOf ({ name, help, type, values }: Family): string[] {
  const family = type === 'counter' ? name.replace(/_total$/, '') : name
  const samples = values.map(({ metricName = name, labels, value, exemplar }) => {
    const sample = `${type === 'counter' ? `${family}_total` : metricName}${labelsOf(labels)} ${numberOf(value)}`
    if (exemplar === undefined || exemplar === null) return sample
    return `${sample} # ${labelsOf(exemplar.labelSet)} ${numberOf(exemplar.value)} ${exemplar.timestamp}`
  })
  return [`# TYPE ${family} ${type}`, `# HELP ${family} ${escaped(help)}`, ...samples]
}

function labelsOf (labels: Readonly<Record<string, string | number>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(String(value))}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

function escaped (text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

function numberOf (value: number): string {
  return Number.isFinite(value) ? String(value) : Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}
