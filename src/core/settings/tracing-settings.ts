/** Where spans go, by the names that every OpenTelemetry SDK reads (OpenTelemetry specification, SDK environment variables). */
import type { SettingReader } from './setting-reader.js'
import { headerText, http, oneOf } from './setting-values.js'

export const samplers = [
  'always_on', 'always_off', 'traceidratio', 'parentbased_always_on', 'parentbased_always_off', 'parentbased_traceidratio'
] as const

export interface TracingConfig {
  /** Takes spans by OTLP over HTTP. */
  readonly endpoint: URL
  readonly headers: Readonly<Record<string, string>>
  readonly serviceName: string
  readonly sampler: typeof samplers[number]
  /** Of traces, from 0 to 1, for the samplers that take a share. */
  readonly ratio: number
}

/** Undefined: no spans are made. */
export function tracingFrom ({ value }: SettingReader): TracingConfig | undefined {
  const base = value('OTEL_EXPORTER_OTLP_ENDPOINT', http)
  const endpoint = value('OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', http) ?? (base === undefined ? undefined : below(base, 'v1/traces'))
  if (endpoint === undefined) return undefined // the others may be there for other programs
  return {
    endpoint,
    headers: value('OTEL_EXPORTER_OTLP_HEADERS', headerPairs) ?? {},
    serviceName: value('OTEL_SERVICE_NAME', headerText) ?? '',
    sampler: value('OTEL_TRACES_SAMPLER', oneOf(...samplers)) ?? 'always_off',
    ratio: value('OTEL_TRACES_SAMPLER_ARG', share) ?? 1
  }
}

function below (base: URL, path: string): URL {
  return new URL(path, base.href.endsWith('/') ? base : `${base.href}/`)
}

/** `name=value` pairs between commas, percent-encoded where need be. */
function headerPairs (given: string): Readonly<Record<string, string>> | undefined {
  try {
    const pairs = given.split(',').map(pair => pair.split(/=(.*)/s).slice(0, 2).map(part => decodeURIComponent(part.trim())))
    const areHeaders = pairs.every(([name = '', value = '']) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && headerText(value) !== undefined)
    return areHeaders ? Object.fromEntries(pairs) as Record<string, string> : undefined
  } catch {
    return undefined
  }
}

function share (given: string): number | undefined {
  const ratio = Number(given)
  return /^\d*\.?\d+$/.test(given) && ratio <= 1 ? ratio : undefined
}
