/** What the package is made of, so that it can be used without the repository that it lives in. */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import t from 'tap'

const root = resolve('packages/alb-rules')
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))

function importsOf (file: string): readonly string[] {
  const text = readFileSync(join(root, 'src', file), 'utf8')
  return [...text.matchAll(/^(?:import|export) .*?from '([^']+)'|\bimport\('([^']+)'\)|^import '([^']+)'/gm)].flatMap(([, ...names]) => names.filter(name => name !== undefined))
}

t.test('sources import Node, yaml and each other, nothing else', async t => {
  t.ok(sources.length > 30)
  for (const file of sources) {
    for (const name of importsOf(file)) {
      const isInside = name.startsWith('.') && !relative(join(root, 'src'), join(root, 'src', dirname(file), name)).startsWith('..')
      t.ok(isInside || name === 'yaml' || name.startsWith('node:'), `${file}: ${name}`)
    }
  }
})

t.test('only the simulator and the commands read or write anything', async t => {
  for (const file of sources.filter(one => one !== 'simulator.ts' && !one.startsWith('cli/'))) t.same(importsOf(file).filter(name => name.startsWith('node:')), [], file)
})

t.test('yaml is the one dependency', async t => {
  t.strictSame(Object.keys((JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { dependencies: object }).dependencies), ['yaml'])
})
