/**
 * Every MLflow that is known here: the one list of them. It stands in versions.json, so that a shell reads it before anything is compiled
 * (`scripts/mlflow/versions`).
 */
import known from './versions.json' with { type: 'json' }

export interface KnownMlflow {
  readonly version: string
  /** Alembic revision of its database schema (`mlflow/store/db_migrations`): tells an older database without starting Python. */
  readonly schema: string
  /** The version over which it is laid without its dependencies, where the package index lacks parts of it: for proofs, not for users. */
  readonly over?: string
  /** What it needs that the older one does not bring. */
  readonly parts?: readonly string[]
}

/** Oldest first. */
export const mlflows: readonly KnownMlflow[] = known

/** Every version that the facade promises to serve, oldest first. */
export const versions: readonly string[] = mlflows.map(({ version }) => version)

export const oldest: string = versions.at(0) ?? ''
export const newest: string = versions.at(-1) ?? ''

/** What documents say: first and last by their minor versions. */
export const range = `${minor(oldest)} to ${minor(newest)}`

/** A version without its patch: `3.17` of `3.17.2`. */
export function minor (version: string): string {
  return version.split('.', 2).join('.')
}

/** Orders two versions by their first three numbers, what is no number as 0: negative where `a` is the older one. */
export function compareVersions (a: string, b: string): number {
  const [left, right] = [a, b].map(text => text.split('.').map(part => Number.parseInt(part, 10) || 0)) as [number[], number[]]
  for (let index = 0; index < 3; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
