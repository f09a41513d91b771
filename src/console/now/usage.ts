/** What the view of now shows, as the facade answers it. */

/** Counts, the oldest first. */
export interface Series {
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
}

export type Unit = keyof Series

export interface KeyCalls extends Series {
  readonly id: string
  readonly hint: string
  readonly name: string
  readonly owner: string
}

export interface Refusals extends Series {
  readonly reason: string
}

interface OldPathUse {
  readonly key_id: string | null
  readonly name: string | null
  readonly owner: string | null
  readonly client: string
  readonly calls: number
  readonly last_at: string
}

/** Of `/admin/usage`. */
export interface Usage {
  readonly since: string
  readonly minutes_from: string
  readonly hours_from: string
  readonly keys: readonly KeyCalls[]
  readonly other_keys: Series | null
  readonly refusals: readonly Refusals[]
  readonly old_paths: { readonly since: string | null, readonly uses: readonly OldPathUse[] }
}

export interface Part {
  readonly status: 'ok' | 'failed' | 'degraded'
  readonly reason?: string
}

/** Of `/ready`. */
export interface Readiness {
  readonly keys: Part
  readonly mlflow: Part
  readonly limits?: Part
  /** Of the facade itself, where it is on its way out. */
  readonly process?: Part
}

/** Of `/version`. */
export interface Versions {
  readonly version: string
  readonly mlflow: string | null
}

export function sum (numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
