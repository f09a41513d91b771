/** What `npm pack` makes of the facade can be installed without the registry knowing its packages. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

interface Packed { readonly filename: string, readonly bundled: readonly string[], readonly files: ReadonlyArray<{ readonly path: string }> }

t.test('the package holds alb-rules with what that needs, and its commands run from it', async t => {
  const folder = t.testdir()
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { encoding: 'utf8' })) as [Packed]
  t.strictSame([...packed.bundled].sort(), ['alb-rules', 'yaml'])
  const own = packed.files.map(({ path }) => path).filter(path => path.startsWith('node_modules/alb-rules/'))
  t.ok(own.includes('node_modules/alb-rules/dist/cli/main.js'))
  t.strictSame(own.filter(path => !/^node_modules\/alb-rules\/(dist\/.*\.(js|d\.ts)|docs\/.*\.(md|json|yaml)|package\.json|README\.md|LICENSE)$/.test(path)), [])
  execFileSync('tar', ['xzf', packed.filename], { cwd: folder })
  t.ok(existsSync(join(folder, 'package/node_modules/alb-rules/package.json')))
  const exported = execFileSync(process.execPath, [join(folder, 'package/dist/cli/main.js'), 'routes', 'export', '--format', 'alb'], { cwd: folder, encoding: 'utf8' })
  t.equal(exported, readFileSync('deploy/alb/after.json', 'utf8'))
})
