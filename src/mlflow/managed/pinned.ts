/** The one MLflow that the facade prepares and starts by itself, and what it wants from the machine. */

export interface PinnedMlflow {
  readonly version: string
  /** Alembic revision of its database schema (`mlflow/store/db_migrations`): tells an older database without starting Python. */
  readonly schema: string
  /** Oldest Python that it runs on (its `Requires-Python`): major, minor. */
  readonly python: readonly [number, number]
  /** Room that its environment takes on the disk, with a little to spare. */
  readonly diskBytes: number
}

export const pinned: PinnedMlflow = {
  version: '3.17.2',
  schema: 'dc11669786a5',
  python: [3, 10],
  diskBytes: 1_000_000_000
}
