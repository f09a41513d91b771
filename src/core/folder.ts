/** Who may reach into DATA_DIR: it holds the hashes of keys and perhaps the first admin key, so it is for the facade's own user alone. */
import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** What the facade keeps there, and what a file system puts into its own root. */
const ours = /^(?:lock\.db|keys\.db.*|old-paths\.json.*|admin-key|session-secret.*|audit\.log.*|spool|mlflow|lost\+found)$/

/** Files that were made by hand, by a copy, or by an earlier version, under the mode of whoever made them. */
const files = /^(?:lock\.db|keys\.db.*|old-paths\.json.*|admin-key|session-secret.*|audit\.log.*)$/

/**
 * Shuts the folder and the files in it to others. A folder that holds more than ours (DATA_DIR=/var) is somebody's
 * business and left as it is.
 * @returns what is still open, as a sentence; undefined: nothing is
 */
export function tighten (folder: string): string | undefined {
  for (const name of readdirSync(folder)) {
    const stats = lstatSync(join(folder, name))
    if (files.test(name) && stats.isFile() && stats.uid === process.getuid?.() && isOpen(stats.mode)) {
      chmodSync(join(folder, name), stats.mode & 0o700)
    }
  }
  if (exposure(folder) === undefined && isOpen(statSync(folder).mode) && isOwn(folder)) chmodSync(folder, 0o700)
  return exposure(folder)
}

/** Why others of this machine may reach into the folder although a start tightens it where it can; undefined: they may not. */
export function exposure (folder: string): string | undefined {
  if (process.getuid === undefined) return undefined // Windows has no such modes
  const mode = statSync(folder).mode & 0o777
  const others = `others can access it (mode 0${mode.toString(8)})`
  // Its group may be how this user was let in
  if (!isOwn(folder)) return (mode & 0o007) === 0 ? undefined : `DATA_DIR belongs to another user, and ${others}.`
  const stranger = isOpen(mode) ? readdirSync(folder).find(name => !ours.test(name)) : undefined
  return stranger === undefined ? undefined : `DATA_DIR contains files that are not the facade's, and ${others}.`
}

function isOwn (folder: string): boolean {
  return statSync(folder).uid === process.getuid?.()
}

function isOpen (mode: number): boolean {
  return (mode & 0o077) !== 0
}
