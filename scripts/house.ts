/** The import graph of src as the TypeScript compiler sees it, and what must not be in it: circles, between files or between rooms. `npm run house` prints both. */
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'

/** From a file to the files that it imports, types too; paths from the top. */
export type Graph = ReadonlyMap<string, readonly string[]>

/** Reads the graph of all files below a folder. */
export function importGraph (folder: string): Graph {
  const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile('tsconfig.json', ts.sys.readFile).config, ts.sys, '.')
  const files = ts.sys.readDirectory(folder, ['.ts']).map(file => relative('.', file))
  return new Map(files.map(file => {
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true)
    const targets = importedFiles.map(({ fileName }) => ts.resolveModuleName(fileName, file, options, ts.sys).resolvedModule)
    return [file, targets.flatMap(target => target === undefined || target.isExternalLibraryImport === true ? [] : [relative('.', target.resolvedFileName)])]
  }))
}

/** The same graph between groups of its nodes; what lies in no group is left out. */
export function grouped (graph: Graph, groupOf: (file: string) => string | undefined): Graph {
  const groups = new Map<string, Set<string>>()
  for (const [file, targets] of graph) {
    const group = groupOf(file)
    if (group === undefined) continue
    const found = groups.get(group) ?? new Set()
    for (const target of targets.map(groupOf)) if (target !== undefined && target !== group) found.add(target)
    groups.set(group, found)
  }
  return new Map([...groups].map(([group, targets]) => [group, [...targets]]))
}

/** Circles, each as the nodes on it (Tarjan's strongly connected components of more than one node). */
export function circlesIn (graph: Graph): readonly string[][] {
  const found: string[][] = []
  const order = new Map<string, number>()
  const lowest = new Map<string, number>()
  const stack: string[] = []
  const visit = (node: string): void => {
    order.set(node, order.size)
    lowest.set(node, order.get(node) ?? 0)
    stack.push(node)
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) visit(next)
      if (stack.includes(next)) lowest.set(node, Math.min(lowest.get(node) ?? 0, lowest.get(next) ?? 0))
    }
    if (lowest.get(node) !== order.get(node)) return
    const circle = stack.splice(stack.indexOf(node))
    if (circle.length > 1) found.push(circle)
  }
  for (const node of graph.keys()) if (!order.has(node)) visit(node)
  return found
}

/** A room of `rooms.json`. */
export interface Room {
  readonly room: string
  /** A folder with its slash, or a file. */
  readonly path: string
  readonly imports: readonly string[]
  readonly pure?: boolean
  readonly fastify?: boolean
  readonly holds: string
  /** Where to begin to read. */
  readonly start?: string
}

export const rooms = JSON.parse(readFileSync('rooms.json', 'utf8')) as readonly Room[]

/** The name of the room that a file lies in. */
export function roomOf (file: string): string | undefined {
  return rooms.find(({ path }) => path.endsWith('/') ? file.startsWith(path) : file === path)?.room
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const graph = importGraph('src')
  const between = grouped(graph, roomOf)
  for (const { room } of rooms) {
    const files = [...graph.keys()].filter(file => roomOf(file) === room)
    console.log(`${room.padEnd(10)} ${String(files.length).padStart(3)} files  imports ${[...between.get(room) ?? []].sort().join(', ') || 'nothing'}`)
  }
  const circles = [...circlesIn(graph), ...circlesIn(between)]
  for (const circle of circles) console.log(`circle: ${circle.join(' -> ')}`)
  process.exitCode = circles.length === 0 ? 0 : 1
}
