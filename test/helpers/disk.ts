/** A disk of a few kilobytes, which a test can fill; mounting one needs root. */
import { execFileSync } from 'node:child_process'
import { closeSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SmallDisk {
  readonly folder: string
  /** Takes all room but this much. @returns what gives it back */
  fill: (leaveBytes?: number) => () => void
}

/** Mounts it, until the test ends; undefined where this user may not. */
export function smallDisk (t: { teardown: (fn: () => unknown) => void }, bytes: number): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'disk-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder], { stdio: 'ignore' })
  } catch {
    rmSync(folder, { recursive: true })
    return undefined
  }
  t.teardown(() => {
    execFileSync('umount', ['-l', folder])
    rmSync(folder, { recursive: true })
  })
  return {
    folder,
    fill (leaveBytes = 0) {
      const file = join(folder, 'filling')
      const fd = openSync(file, 'a')
      const { bavail, bsize } = statfsSync(folder)
      try {
        for (let left = bavail * bsize - leaveBytes; left > 0;) left -= writeSync(fd, Buffer.alloc(Math.min(left, 1024 * 1024)))
      } catch { /* full: other writers took the last of it */ }
      closeSync(fd)
      return () => rmSync(file)
    }
  }
}
