/** The house keeps its order: rooms import only what rooms.json says, and nothing goes round in a circle. */
import { ESLint } from 'eslint'
import t from 'tap'
import { circlesIn, grouped, importGraph, roomOf, rooms } from '../../scripts/house.js'

const fileIn = (path: string): string => path.endsWith('/') ? `${path}planted.ts` : path
const upTo = (path: string): string => '../'.repeat(path.split('/').length - 1)

/** The messages of the rule, as the project's own lint gives them, for an import planted into a file. */
async function planted (eslint: ESLint, file: string, specifier: string): Promise<string[]> {
  const [result] = await eslint.lintText(`import '${specifier}'\n`, { filePath: file })
  return (result?.messages ?? []).filter(({ ruleId }) => ruleId === 'house/rooms').map(({ message }) => message)
}

t.test('an import between two rooms is refused unless rooms.json allows it, for every pair of rooms', async t => {
  // The project's configuration less what needs the types of a real file.
  const eslint = new ESLint({ overrideConfig: { languageOptions: { parserOptions: { projectService: false } }, rules: { '@typescript-eslint/no-floating-promises': 'off', '@typescript-eslint/only-throw-error': 'off', '@typescript-eslint/switch-exhaustiveness-check': 'off' } } })
  for (const { room, path, imports } of rooms) {
    for (const other of rooms) {
      const from = fileIn(path)
      const messages = await planted(eslint, from, upTo(from) + fileIn(other.path).replace(/\.ts$/, '.js'))
      const allowed = room === other.room || imports.includes(other.room)
      t.equal(messages.length, allowed ? 0 : 1, `${room} ${allowed ? 'may' : 'may not'} import ${other.room}`)
    }
  }
})

t.test('pure rooms do no input or output, and only rooms of the edge know Fastify', async t => {
  const eslint = new ESLint({ overrideConfig: { languageOptions: { parserOptions: { projectService: false } }, rules: { '@typescript-eslint/no-floating-promises': 'off', '@typescript-eslint/only-throw-error': 'off', '@typescript-eslint/switch-exhaustiveness-check': 'off' } } })
  for (const { room, path, pure = false, fastify = false } of rooms) {
    t.equal((await planted(eslint, fileIn(path), 'node:fs')).length, pure ? 1 : 0, `${room}: node:fs`)
    t.equal((await planted(eslint, fileIn(path), 'fastify')).length, fastify ? 0 : 1, `${room}: fastify`)
    t.equal((await planted(eslint, fileIn(path), '@fastify/reply-from')).length, 1, `${room}: reply-from`)
  }
  t.equal((await planted(eslint, 'src/proxy/reply-from.ts', '@fastify/reply-from')).length, 0)
  t.equal((await planted(eslint, 'src/core/planted.ts', '../../test/helpers/app.js')).length, 1, 'src imports no tests')
  t.equal((await planted(eslint, 'scripts/planted.ts', '../test/helpers/app.js')).length, 1, 'scripts import no tests')
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
