/** The files in test/inputs: each is read, and what is said of it above info is true and can be mended. */
import { join, resolve } from 'node:path'
import t from 'tap'
import { judge } from './noise.js'

t.test('no input is refused, and none gets a warning that is false or that nobody can mend', async t => {
  const results = judge(join(resolve('packages/alb-rules'), 'dist/cli/main.js'))
  t.ok(results.length >= 25)
  for (const { file, told, right, refused } of results) {
    t.equal(refused, undefined, file)
    t.same(told.filter(one => !right.includes(one)), [], file)
  }
  t.equal(results.reduce((sum, { right }) => sum + right.length, 0), 9, 'and what is true is said')
})
