/** Ports, and why one cannot be had. */
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { Registry } from 'prom-client'
import { ConfigError, type Config } from '../core/settings/config.js'
import { serveMetrics, type MetricsSource } from '../observe/metrics-server.js'
import { openMetricsOf } from '../observe/openmetrics.js'
import { StartError } from './start-error.js'

/** The two ports of a facade. */
export interface Ports {
  readonly address: AddressInfo
  /** Undefined: metrics are off. */
  readonly metrics: Server | undefined
}

/** @returns where it listens. @throws StartError, or ConfigError where it cannot */
export async function listen (app: FastifyInstance, { host, port }: Config): Promise<AddressInfo> {
  await app.listen({ host, port }).catch(taken('HOST', 'PORT', port))
  return app.server.address() as AddressInfo
}

/** What a registry says; exemplars lead to traces, so they are there where spans are made. */
export function metricsOf (registry: Registry, { tracing }: Pick<Config, 'tracing'>): MetricsSource {
  const { contentType } = registry
  const metrics = async (): Promise<string> => await registry.metrics()
  return tracing === undefined ? { contentType, metrics } : { contentType, metrics, openMetrics: async () => await openMetricsOf(registry) }
}

/** @returns undefined where none are wanted. @throws as `listen` */
export async function listenForMetrics (source: MetricsSource, metrics: Config['metrics']): Promise<Server | undefined> {
  return metrics === undefined
    ? undefined
    : await serveMetrics(source, metrics.host, metrics.port).catch(taken('METRICS_HOST', 'METRICS_PORT', metrics.port))
}

/** The usual reasons why a port cannot be had, as a sentence: a wrong value is an error of the configuration, a port in use is not. */
function taken (hostName: string, name: string, port: number): (error: NodeJS.ErrnoException) => never {
  return error => {
    if (error.code === 'EADDRINUSE') throw new StartError(`Port ${port} is in use: stop what listens there, or set ${name} to another one.`)
    if (error.code === 'EACCES') throw new StartError(`Port ${port} cannot be opened by this user: set ${name} to one above 1023.`)
    if (['EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN'].includes(error.code ?? '')) {
      throw new ConfigError([`${hostName} is not an address of this machine`])
    }
    throw error
  }
}
