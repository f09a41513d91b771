/** What the primary and its workers tell each other, over the channel of node:cluster. */
import cluster from 'node:cluster'
import type { AddressInfo } from 'node:net'
import type { AuditFields } from '../audit/event.js'
import type { Standing } from '../keys/limits/allowance.js'
import type { OldPathCaller } from '../legacy/usage.js'

/** From the primary to a worker. */
export type Order =
  /** The answer to `here`: what the primary has opened for all. */
  | { readonly order: 'begin', readonly mlflow: LocalPlace | undefined, readonly preparing: string | undefined }
  /** Why an MLflow of our own cannot be used yet; undefined when it can. */
  | { readonly order: 'preparing', readonly reason: string | undefined }
  | { readonly order: 'measure', readonly round: number }
  /** The answer to `call`. */
  | { readonly order: 'counted', readonly call: number, readonly standing: Standing, readonly owedMs: number }
  /** Ends it: so long it still takes connections, and says that it is not ready. */
  | { readonly order: 'drain', readonly delayMs: number }

/** From a worker to the primary. */
export type Report =
  /** It hears orders from now on: Node drops what is sent to a worker before. */
  | { readonly report: 'here' }
  | { readonly report: 'listening', readonly address: AddressInfo }
  /** It cannot start, in a sentence, or with a stack where that is a fault of ours. */
  | { readonly report: 'failed', readonly text: string, readonly exitCode: 1 | 2 }
  | { readonly report: 'measured', readonly round: number, readonly measures: readonly Measure[] }
  | { readonly report: 'oldPaths', readonly calls: readonly OldPathCalls[] }
  /** Audit events since the last report, and how many had no room before them. */
  | { readonly report: 'audit', readonly events: readonly AuditFields[], readonly lost: number }
  /** A call of a key that has a limit, or a look at it (cost 0). */
  | { readonly report: 'call', readonly call: number, readonly keyId: string, readonly ratePerHour: number, readonly cost: 0 | 1 }

/** Where an MLflow of our own listens. */
export interface LocalPlace {
  readonly url: string
  readonly socketPath: string | undefined
}

/** A metric with its values, as prom-client's registry gives it. */
export interface Measure {
  readonly name: string
  readonly type: string
  readonly aggregator?: string
  readonly values: ReadonlyArray<{ readonly value: number }>
}

/** Calls of old paths by one key and kind of client since the last report. */
export interface OldPathCalls {
  readonly caller: OldPathCaller | undefined
  readonly client: string
  readonly calls: number
}

/** By this a worker knows which one it is. */
export const workerVariable = 'HOKUSAI_MLFLOW_WORKER'

/** The number of this worker, from 1; undefined: it is none, or somebody else's. */
export function workerNumber (env: Readonly<Record<string, string | undefined>>): number | undefined {
  const given = env[workerVariable]
  return given === undefined || !cluster.isWorker ? undefined : Number(given)
}
