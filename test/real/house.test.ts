/** The house keeps its order: rooms import only what rooms.json says, and nothing goes round in a circle. */
import { pathToFileURL } from 'node:url'
import { ESLint } from 'eslint'
import t from 'tap'
import { circlesIn, grouped, importGraph, roomOf, rooms } from '../../scripts/house.js'

const fileIn = (path: string): string => path.endsWith('/') ? `${path}planted.ts` : path
const upTo = (path: string): string => '../'.repeat(path.split('/').length - 1)

/** What the rule of the lint says of an import, if anything. */
const { forbidden } = await import(pathToFileURL('eslint.rooms.js').href) as { readonly forbidden: (path: string, specifier: string) => string | undefined }
const isRefused = (path: string, specifier: string): boolean => forbidden(path, specifier) !== undefined

t.test('an import between two rooms is refused unless rooms.json allows it, for every pair of rooms', async t => {
  for (const { room, path, imports } of rooms) {
    for (const other of rooms) {
      const from = fileIn(path)
      const allowed = room === other.room || imports.includes(other.room)
      const refused = isRefused(from, upTo(from) + fileIn(other.path).replace(/\.ts$/, '.js'))
      t.equal(refused, !allowed, `${room} ${allowed ? 'may' : 'may not'} import ${other.room}`)
    }
  }
})

t.test('pure rooms do no input or output, and only rooms of the edge know Fastify', async t => {
  for (const { room, path, pure = false, fastify = false } of rooms) {
    t.equal(isRefused(fileIn(path), 'node:fs'), pure, `${room}: node:fs`)
    t.equal(isRefused(fileIn(path), 'fastify'), !fastify, `${room}: fastify`)
    t.equal(isRefused(fileIn(path), '@fastify/reply-from'), true, `${room}: reply-from`)
  }
  t.notOk(isRefused('src/proxy/exchange/reply-from.ts', '@fastify/reply-from'))
  t.ok(isRefused('src/core/planted.ts', '../../test/helpers/app.js'), 'src imports no tests')
  t.ok(isRefused('scripts/planted.ts', '../test/helpers/app.js'), 'scripts import no tests')
})

t.test('the project\'s own lint has the rule, for every way to import', async t => {
  // Less what needs the types of a real file.
  const typed = ['no-floating-promises', 'only-throw-error', 'switch-exhaustiveness-check']
  const rules = Object.fromEntries(typed.map(name => [`@typescript-eslint/${name}`, 'off' as const]))
  const eslint = new ESLint({ overrideConfig: { languageOptions: { parserOptions: { projectService: false } }, rules } })
  const lines = ["import '../http/x.js'", "export * from '../http/x.js'", "export { a } from '../http/x.js'", "await import('../http/x.js')", "export type A = import('../http/x.js').A"]
  const [result] = await eslint.lintText(lines.join('\n'), { filePath: 'src/core/planted.ts' })
  t.strictSame(result?.messages.filter(({ ruleId }) => ruleId === 'house/rooms').map(({ line }) => line), lines.map((_, index) => index + 1))
})

t.test('rooms.json lists rooms from left to right: none imports one that comes after it', async t => {
  rooms.forEach(({ room, imports }, index) => {
    for (const other of imports) t.ok(rooms.findIndex(row => row.room === other) < index && rooms.some(row => row.room === other), `${room} imports ${other}`)
  })
})

t.test('every file of src lies in a room, and nothing goes round in a circle', async t => {
  const graph = importGraph('src')
  t.same([...graph.keys()].filter(file => roomOf(file) === undefined), [])
  t.same([...circlesIn(graph), ...circlesIn(grouped(graph, roomOf))], [])
  t.ok(graph.size > 50)
})

t.test('circles are found where there are some', async t => {
  const graph = new Map([['a', ['b']], ['b', ['c']], ['c', ['a', 'd']], ['d', []]])
  t.same(circlesIn(graph).map(circle => circle.sort()), [['a', 'b', 'c']])
  t.same(circlesIn(grouped(graph, node => node === 'b' ? 'two' : 'one')).map(circle => circle.sort()), [['one', 'two']])
})
