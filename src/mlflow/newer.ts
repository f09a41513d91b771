/** An MLflow newer than all that are known: what it added is closed to all but administrators, and how much that is can be asked. */
import { operations } from '../access/operations.generated.js'
import type { Layout } from './layout.js'
import type { Upstream } from './pool.js'
import { compareVersions, newest } from './versions.js'

export interface NewerMlflow {
  readonly version: string
  /** What its own pages call, it serves, and no known MLflow has; undefined while it is looked for, or where its pages tell nothing. */
  readonly unknown: readonly string[] | undefined
}

/** Scripts of MLflow's pages are 23 MB in 340 files (3.18.0). */
const bounds = { files: 1000, fileBytes: 16 * 1024 * 1024, allBytes: 128 * 1024 * 1024, atOnce: 4, probes: 200 }

export function isNewer (version: string): boolean {
  return compareVersions(version, newest) > 0
}

/**
 * Looks for paths that are unknown here. MLflow publishes no list of its routes (its own OpenAPI is switched off), but the scripts of its
 * pages name what they call. What they only name (they share code with a hosted platform) is told from what is served by asking, without
 * changing anything: Flask answers OPTIONS of its routes, FastAPI a GET of those that read.
 * @returns sorted; undefined where the pages tell nothing, as of a server without them
 */
export async function findUnknownPaths ({ probe }: Pick<Upstream, 'probe'>, { prefix }: Layout): Promise<readonly string[] | undefined> {
  const scripts = await listScripts()
  if (scripts.length === 0) return undefined
  const named = new Set<string>()
  let left = bounds.allBytes
  await eachOf(scripts, async script => {
    if (left <= 0) return
    const { status, body } = await probe(prefix + script, { maxBytes: bounds.fileBytes })
    left -= body.length
    if (status === 200) for (const path of pathsIn(body)) if (!isKnown(path)) named.add(path)
  })
  const served = new Set<string>()
  await eachOf([...named].slice(0, bounds.probes), async path => { if (await isServed(path)) served.add(path) })
  return [...served].sort()

  async function listScripts (): Promise<readonly string[]> {
    const { status, body } = await probe(`${prefix}/static-files/asset-manifest.json`, { maxBytes: bounds.fileBytes })
    if (status !== 200) return []
    return filesIn(body).filter(file => file.startsWith('/static-files/') && file.endsWith('.js')).slice(0, bounds.files)
  }

  async function isServed (path: string): Promise<boolean> {
    const { status } = await probe(prefix + path, { method: 'OPTIONS' })
    if (status < 300) return true
    const answer = await probe(prefix + path)
    return !(answer.status === 404 && answer.contentType.startsWith('text/html'))
  }
}

/** Paths that a script names: whole ones, or what stands before the first parameter. */
export function pathsIn (script: string): readonly string[] {
  const names = Array.from(script.matchAll(/ajax-api\/\d\.\d\/mlflow[\w/-]*/g), ([name]) => name)
  return [...new Set(names.map(name => `/${name.endsWith('/') ? name.slice(0, -1) : name}`))]
}

/** The files of an asset manifest as bundlers write it; none where it is another thing. */
function filesIn (manifest: string): readonly string[] {
  try {
    const { files } = JSON.parse(manifest) as { readonly files?: Readonly<Record<string, unknown>> }
    return [...new Set(Object.values(files ?? {}).filter(file => typeof file === 'string'))]
  } catch {
    return []
  }
}

const known = operations.flatMap(({ path, aliases = [] }) => [path, ...aliases]).filter(path => path.startsWith('/ajax-api/'))

/** Whether a known path is this one, or begins with it. */
function isKnown (path: string): boolean {
  return known.some(other => other === path || other.startsWith(`${path}/`))
}

async function eachOf<T> (items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values()
  await Promise.all(Array.from({ length: bounds.atOnce }, async () => { for (const item of waiting) await work(item) }))
}

export interface NewerWatch {
  /** What is behind now, where it is newer than what is known. */
  readonly current: NewerMlflow | undefined
  /** Is told of every layout that is recognised. */
  seen: (layout: Layout) => void
}

/** Looks once at each newer version that comes, beside the traffic. @param onFound is told what was found, for the log */
export function watchNewer (upstream: Pick<Upstream, 'probe'>, onFound: (newer: NewerMlflow) => void): NewerWatch {
  let current: NewerMlflow | undefined
  return {
    get current () { return current },
    seen (layout) {
      const { version } = layout
      if (current?.version === version) return
      current = isNewer(version) ? { version, unknown: undefined } : undefined
      if (current === undefined) return
      findUnknownPaths(upstream, layout).catch(() => undefined).then(unknown => {
        if (current?.version !== version) return // another has come meanwhile
        current = { version, unknown }
        onFound(current)
      }).catch(() => {})
    }
  }
}

/** A sentence or two for people: what runs, what that closes, and what fixes it. */
export function describeNewer ({ version, unknown }: NewerMlflow): string {
  const number = unknown?.length ?? 0
  const count = number === 0 ? '' : ` Of the paths that its web UI calls, ${number} ${number === 1 ? 'is' : 'are'} unknown here.`
  const known = `MLflow ${version} is newer than ${newest}, the newest version that this release knows.`
  return `${known} Everything from ${newest} works as before; anything newer needs mlflow:admin.${count}`
}
