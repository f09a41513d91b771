/** Whether a file lies on another machine: SQLite's log needs memory that all who use the file share, which no two machines do. */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'

/** What `statfs` says of the file system that holds a path, which has to be there. */
export type Statfs = (path: string) => { readonly type: number }

/**
 * By their numbers in statfs(2) and the sources of Linux. FUSE and 9p are not here: they are mostly folders of this machine, or of the
 * one that it runs on.
 */
const networked: ReadonlyMap<number, string> = new Map([
  [0x6969, 'NFS'],
  [0x517b, 'SMB'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x00c36400, 'Ceph'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x01161970, 'GFS2'],
  [0x7461636f, 'OCFS2']
])

/** The kind of network file system that the file lies on, or would lie on; undefined: none that is known. */
export function networkOf (file: string, statfs: Statfs = statfsSync): string | undefined {
  if (process.platform !== 'linux') return undefined // elsewhere the numbers mean something else
  try {
    return networked.get(statfs(file).type >>> 0) // where a long has 32 bits, some of them are negative
  } catch (error) {
    const folder = dirname(file)
    return (error as NodeJS.ErrnoException).code === 'ENOENT' && folder !== file ? networkOf(folder, statfs) : undefined
  }
}
