/** The one MLflow that the facade prepares and starts by itself, and what it wants from the machine. */
import { mlflows, type KnownMlflow } from '../versions.js'

export interface PinnedMlflow extends Pick<KnownMlflow, 'version' | 'schema'> {
  /** Oldest Python that it runs on (its `Requires-Python`): major, minor. */
  readonly python: readonly [number, number]
  /** Room that its environment takes on the disk, with a little to spare. */
  readonly diskBytes: number
}

/** The newest that the package index serves whole. */
const release = mlflows.findLast(({ over }) => over === undefined)
if (release === undefined) throw new Error('No known MLflow can be installed.')

export const pinned: PinnedMlflow = {
  version: release.version,
  schema: release.schema,
  python: [3, 10],
  diskBytes: 1_000_000_000
}
