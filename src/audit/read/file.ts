/** Reads events from a file and those that were put aside before it, the newest first. */
import { open, type FileHandle } from 'node:fs/promises'
import { UserError } from '../../core/user-error.js'
import { readLine, type AuditEvent } from '../event.js'
import { readBackwards } from './backwards.js'
import { matches, PageTokenError, type AuditFilter, type AuditPage, type AuditReader, type AuditWindow } from './query.js'

/** Events stand nearly in the order of their times: what is held of a flood, and what commands write, comes a little late. */
const disorderMs = 60_000

/** Events are there, and this user may not read them. */
export class AuditUnreadableError extends UserError {}

interface Source {
  readonly handle: FileHandle
  readonly inode: number
  readonly size: number
  readonly changedAt: number
}

/** @param files how many there may be */
export function openFileReader (file: string, files: number): AuditReader {
  return {
    async read (filter, window) {
      const sources = await openAll(file, files)
      try {
        return await readFrom(sources, filter, window)
      } finally {
        for (const { handle } of sources) await handle.close()
      }
    },
    close: async () => {}
  }
}

async function readFrom (sources: readonly Source[], filter: AuditFilter, window: AuditWindow): Promise<AuditPage> {
  const { max, token, scanMaxBytes = Infinity } = window
  const { first, offset } = startOf(sources, token)
  const events: AuditEvent[] = []
  let skipped = 0
  let left = scanMaxBytes
  for (const [index, { handle, inode, size, changedAt }] of sources.slice(first).entries()) {
    if (filter.since !== undefined && changedAt < filter.since - disorderMs) break
    const end = index === 0 ? offset ?? size : size
    let isOver = false
    const at = await readBackwards(handle, end, (line, at) => {
      const event = line === undefined ? undefined : readLine(line.toString())
      if (event === undefined) skipped++
      else if (matches(event, filter)) events.push(event)
      else isOver = filter.since !== undefined && Date.parse(event.time) < filter.since - disorderMs
      return isOver || events.length === max || end - at > left
    })
    if (isOver) break
    left -= end - at
    if (events.length === max || left < 0) return { events, next: nextAfter(sources, first + index, inode, at), skipped }
  }
  return { events, next: undefined, skipped }
}

/** Undefined: nothing is before it. */
function nextAfter (sources: readonly Source[], index: number, inode: number, at: number): string | undefined {
  if (at > 0) return tokenOf(inode, at)
  const older = sources[index + 1]
  return older === undefined ? undefined : tokenOf(older.inode, older.size)
}

/** Files are known by their inodes: their names change when one is put aside. */
function tokenOf (inode: number, offset: number): string {
  return Buffer.from(`${inode}:${offset}`).toString('base64url')
}

/** @throws PageTokenError */
function startOf (sources: readonly Source[], token: string | undefined): { readonly first: number, readonly offset: number | undefined } {
  if (token === undefined) return { first: 0, offset: undefined }
  const [, inode, offset] = /^(\d{1,16}):(\d{1,16})$/.exec(Buffer.from(token, 'base64url').toString('latin1')) ?? []
  if (inode === undefined) throw new PageTokenError()
  const first = sources.findIndex(source => source.inode === Number(inode))
  // A file that has gone meanwhile was the oldest
  return first === -1 ? { first: sources.length, offset: 0 } : { first, offset: Math.min(Number(offset), sources[first]?.size ?? 0) }
}

/** @throws AuditUnreadableError */
async function openAll (file: string, files: number): Promise<Source[]> {
  const sources: Source[] = []
  for (let number = 0; number < files; number++) {
    const source = await openOne(number === 0 ? file : `${file}.${number}`)
    // One that is put aside at this moment would be there twice
    if (source !== undefined && !sources.some(({ inode }) => inode === source.inode)) sources.push(source)
    else await source?.handle.close()
  }
  return sources
}

async function openOne (file: string): Promise<Source | undefined> {
  try {
    const handle = await open(file, 'r')
    const { ino, size, mtimeMs } = await handle.stat()
    return { handle, inode: ino, size, changedAt: mtimeMs }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw new AuditUnreadableError(`The audit events in ${file} cannot be read (${code ?? 'unknown'}).`)
  }
}
