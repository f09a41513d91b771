/** What `npm pack` makes of the facade can be installed without the registry knowing its packages. */
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import t from 'tap'
import { freePort } from '../../../scripts/mlflow/ports.js'

t.setTimeout(300_000) // npm fetches two versions of Node, and what the package needs

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

t.test('pages that the program names are in the package and in the image', async t => {
  const named = new Set(readdirSync('dist', { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.js'))
    .flatMap(file => readFileSync(join('dist', file), 'utf8').match(/\bdocs\/[\w/-]+\.md/g) ?? []))
  t.ok(named.size > 3, [...named].join(' '))
  const [{ files }] = JSON.parse(execFileSync('npm', ['pack', '--dry-run', '--json'], { encoding: 'utf8' })) as [Packed]
  const packed = files.map(({ path }) => path)
  for (const page of named) t.ok(packed.includes(page), page)
  t.match(readFileSync('Dockerfile', 'utf8'), 'COPY docs ./docs')
})

t.test('in an empty folder the package is installed, starts, makes a key and ends, on each Node that is supported', async t => {
  const folder = t.testdir({ 'package.json': '{"private":true}' })
  const [packed] = JSON.parse(execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { encoding: 'utf8' })) as [Packed]
  const npm = async (args: readonly string[], cwd: string): Promise<unknown> => await promisify(execFile)('npm', ['--no-audit', '--no-fund', '--loglevel=error', ...args], { cwd })
  await npm(['install', `./${packed.filename}`], folder)
  for (const version of ['22', '24']) {
    mkdirSync(join(folder, version))
    await npm(['install', '--prefix', join(folder, version), '--ignore-scripts=false', `node@${version}`], folder)
  }
  const nodes = [process.execPath, ...['22', '24'].map(version => join(folder, version, 'node_modules/node/bin/node'))]
  for (const node of nodes) {
    const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim()
    const port = await freePort()
    const env = { PATH: process.env.PATH, PORT: String(port), METRICS_PORT: 'off', DATA_DIR: join(folder, `data-${version}`), MLFLOW_UPSTREAM_URL: 'http://127.0.0.1:9' }
    const program = join(folder, 'node_modules/.bin/hokusai-mlflow')
    const server = spawn(node, [program, 'start'], { cwd: folder, env, stdio: 'ignore' })
    t.teardown(() => server.kill('SIGKILL'))
    const ended = once(server, 'exit')
    t.equal(await live(port), 200, `${version} serves`)
    const key = execFileSync(node, [program, 'keys', 'create', '--name', 'packed', '--user', 'packed'], { cwd: folder, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    t.equal((await fetch(`http://127.0.0.1:${port}/whoami`, { headers: { authorization: `Bearer ${key}` } })).status, 200, `${version} knows the key`)
    server.kill('SIGTERM')
    t.strictSame(await ended, [0, null], `${version} ends in order`)
  }
})

async function live (port: number): Promise<number | undefined> {
  for (let waited = 0; waited < 30_000; waited += 100) {
    const answer = await fetch(`http://127.0.0.1:${port}/live`).catch(() => undefined)
    if (answer !== undefined) return answer.status
    await delay(100)
  }
  return undefined
}
