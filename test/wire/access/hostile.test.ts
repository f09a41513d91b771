/** Paths made to be slow: whatever a caller sends, judging it takes time linear in its length, and little. */
import t from 'tap'
import { match, mayDouble } from '../../../src/access/matcher.js'
import { collapseSlashes } from '../../../src/access/readings.js'
import { operations } from '../../../src/access/operations.generated.js'
import { readTarget, routed } from '../../../src/http/target.js'
import { mount, successor } from '../../../src/core/public-paths.js'

/** The longest path that gets to us. */
const longest = 80 * 1024

/** What is done with a path between the socket and the verdict. */
function judge (method: string, target: string): void {
  routed(target)
  const path = (successor(target) ?? readTarget(target).path).slice(mount.length)
  const forwarded = path.includes('//') && !mayDouble(path) ? collapseSlashes(path) : path
  if (!match(method, forwarded).artifactPath && forwarded.includes('//')) match(method, collapseSlashes(forwarded))
}

/** Milliseconds of the quickest of a few times: the machine may be busy, so that the bounds are wide. */
function quickest (method: string, path: string, enough: number): number {
  let least = Infinity
  for (let attempt = 0; attempt < 20 && least > enough; attempt++) {
    const start = performance.now()
    judge(method, path)
    least = Math.min(least, performance.now() - start)
  }
  return least
}

const templates = [...new Set(operations.map(({ path }) => path).filter(path => path.includes('{')))]
const methods = [...new Set(operations.map(({ method }) => method))]

/** Beginning and end of each template, with its own texts and all that is read in two ways between them, over and over. */
function hostile (template: string, length: number): string[] {
  const texts = template.split(/\{\w+(?::path)?\}/).filter(text => text !== '')
  const [first = '', last = ''] = [texts[0], texts.at(-1)]
  const atoms = [...texts, '/', '//', '/;', ';', '%2f', '%2F/', '%', '%2', '%252f', '%ff', '%c3%a9', '/..a', '/.', 'a', 'A/', '~', '/permissions', '/mlflow/assistant;/', '\\', '"']
  return [...new Set(atoms)].map(atom => mount + first + atom.repeat(Math.ceil(length / atom.length)).slice(0, length) + last)
}

t.test('the longest path is judged in a millisecond or two, whatever it is made of', t => {
  for (const method of methods) for (const path of hostile('/api/3.0/mlflow/mcp-servers/{name:path}/versions/{version:path}/tags/{key:path}', longest)) judge(method, path) // compiled first
  const slow: string[] = []
  for (const template of templates) {
    const own = operations.filter(({ path }) => path === template).map(({ method }) => method)
    for (const path of hostile(template, longest)) {
      for (const method of own) {
        const ms = quickest(method, path, 10)
        if (ms > 10) slow.push(`${method} ${template} ${path.slice(template.length, template.length + 30)}…: ${ms.toFixed(1)} ms`)
      }
    }
  }
  t.strictSame(slow, [])
  t.end()
})

t.test('twice the length takes twice the time', t => {
  for (const template of ['/api/3.0/mlflow/mcp-servers/{name:path}/versions/{version:path}/tags/{key:path}', '/api/2.0/mlflow-artifacts/artifacts/{artifact_path:path}', '/gateway/proxy/{endpoint_name}/{path:path}', '/nowhere/{x}']) {
    for (const [index, path] of hostile(template, longest * 8).entries()) {
      // Eight times the length: 64 times the time would be quadratic. Other processes make single tries slow, never all of them.
      const short = quickest('POST', hostile(template, longest)[index] ?? '', 1)
      let long = Infinity
      for (let tries = 0; tries < 10 && long >= 10 && long / short >= 30; tries++) long = Math.min(long, quickest('POST', path, 10))
      t.ok(long < 10 || long / short < 30, `${template} ${path.slice(-40)}: ${short.toFixed(2)} and ${long.toFixed(2)} ms`)
    }
  }
  t.end()
})
