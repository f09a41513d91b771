/** The rule `house/rooms`: a file imports from its own room and from those that `rooms.json` names for it. */
import { readFileSync } from 'node:fs'
import { dirname, relative, resolve, sep } from 'node:path'

const top = import.meta.dirname
/** @type {Array<{ room: string, path: string, imports: string[], pure?: boolean, fastify?: boolean }>} */
export const rooms = JSON.parse(readFileSync(new URL('rooms.json', import.meta.url), 'utf8'))

/** Input and output of any kind: what a pure room does without. */
const io = /^(?:fastify|fastify-plugin|@fastify\/|undici|pg|ioredis|@photostructure\/sqlite|node:(?:fs|net|http|https|tls|child_process|os|process|worker_threads))/
const fastify = /^(?:fastify|fastify-plugin|@fastify\/)/
/** The plug-in that forwards stays behind the one file that says why it is there. */
const replyFrom = 'src/proxy/exchange/reply-from.ts'

/** The room of a file, by its path from the top; undefined outside of src. */
export function roomOf (path) {
  return rooms.find(({ path: place }) => place.endsWith('/') ? path.startsWith(place) : path === place)
}

/** Why a file may not import something, or undefined. @param specifier as it is written, @param path of the importing file, from the top */
export function forbidden (path, specifier) {
  const room = roomOf(path)
  if (!specifier.startsWith('.')) {
    if (specifier === 'alb-rules' && room !== undefined && room.room !== 'cli') return 'the gateway does not know the routing analyser'
    if (specifier === '@fastify/reply-from' && path !== replyFrom) return `only ${replyFrom} knows @fastify/reply-from`
    if (room?.pure && io.test(specifier)) return `the room ${room.room} is pure: no input or output`
    if (room !== undefined && room.fastify !== true && fastify.test(specifier)) return `the room ${room.room} does not know Fastify`
    return undefined
  }
  const target = relative(top, resolve(top, dirname(path), specifier)).split(sep).join('/').replace(/\.js$/, '.ts')
  if (path.startsWith('src/') && !target.startsWith('src/')) return 'src imports nothing from outside of src'
  if (path.startsWith('scripts/') && target.startsWith('test/')) return 'scripts do not import tests'
  if (room === undefined) return undefined
  const other = roomOf(target)
  if (other === undefined) return `${target} lies in no room of rooms.json`
  if (other === room || room.imports.includes(other.room)) return undefined
  return `the room ${room.room} may not import the room ${other.room}: see rooms.json`
}

/** @type {import('eslint').Rule.RuleModule} */
export const roomsRule = {
  meta: { type: 'problem', schema: [] },
  create (context) {
    const path = relative(top, context.filename).split(sep).join('/')
    const check = node => {
      const source = node.source?.value
      const problem = typeof source === 'string' ? forbidden(path, source) : undefined
      if (problem !== undefined) context.report({ node, message: problem })
    }
    return { ImportDeclaration: check, ImportExpression: check, ExportAllDeclaration: check, ExportNamedDeclaration: check, TSImportType: node => check({ source: node.argument?.literal ?? node.source, loc: node.loc, range: node.range, type: node.type }) }
  }
}
