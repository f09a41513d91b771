/** The image and the compose file, as far as it goes without an engine; scripts/release/image-steps.ts runs every step. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import fc from 'fast-check'
import t from 'tap'
import { parse } from 'yaml'
import { environment, readDockerfile, readIgnore, words } from '../../../scripts/release/image/dockerfile.js'
import { envExample } from '../../../scripts/generate/env-example.js'
import { start } from '../../../src/cli/start.js'
import { loadConfig } from '../../../src/core/settings/config.js'
import { pinned } from '../../../src/mlflow/managed/pinned.js'
import { settings } from '../../../src/core/settings/settings.js'

const stages = readDockerfile(readFileSync('Dockerfile', 'utf8'))
const reaches = readIgnore(readFileSync('.dockerignore', 'utf8'))
const last = stages.at(-1) ?? { name: '', from: '', steps: [] }
const find = (instruction: string) => last.steps.findLast(step => step.instruction === instruction)

interface Service {
  readonly image?: string
  readonly build?: { readonly dockerfile_inline?: string } | string
  readonly command?: readonly string[] | string
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly networks?: readonly string[]
  readonly profiles?: readonly string[]
  readonly read_only?: boolean
}
const compose = parse(readFileSync('compose.yaml', 'utf8'), { merge: true }) as { services: Readonly<Record<string, Service>>, networks: Readonly<Record<string, { internal?: boolean } | null>> }

t.test('the image runs on Node 24, as a user that is not root, and keeps its data in /data', async t => {
  for (const { from } of stages) t.match(from, /^node:24-[\w.-]+@sha256:[0-9a-f]{64}$/, 'by its digest: a tag can be moved')
  t.equal(new Set(stages.map(({ from }) => from)).size, 1)
  t.match(find('USER')?.text, /^[1-9]\d*:[1-9]\d*$/)
  t.equal(find('VOLUME')?.text, '/data')
  t.match(environment(last), { NODE_ENV: 'production', HOST: '0.0.0.0', DATA_DIR: '/data' })
})

t.test('the image has production dependencies only, installed as they are locked', async t => {
  const [source] = last.steps.flatMap(({ text }) => /^--from=(\S+) \/app\/node_modules /.exec(text)?.slice(1) ?? [])
  const installs = stages.find(({ name }) => name === source)?.steps.filter(({ instruction }) => instruction === 'RUN').map(({ text }) => text)
  t.strictSame(installs, ['npm ci --omit=dev'])
})

t.test('its health check is Node\'s own, and asks /live', async t => {
  const [program, flag, code = ''] = words(find('HEALTHCHECK'))
  t.strictSame([program, flag], ['node', '-e'])
  t.match(code, '/live')
  t.doesNotThrow(() => new Script(code))
})

t.test('in the image MLFLOW_UPSTREAM_URL is required, and enough', async t => {
  const [command, ...args] = words(find('CMD'))
  t.equal(command, 'start')
  const silent = { write: () => {} }
  await t.rejects(async () => await start.run(args, { stdout: silent, stderr: silent, env: environment(last) }), { message: /MLFLOW_UPSTREAM_URL/ })
  t.doesNotThrow(() => loadConfig({ ...environment(last), MLFLOW_UPSTREAM_URL: 'http://mlflow:5000' }, () => ''))
})

t.test('everything that is copied is there and reaches the build; data, keys, tests and history do not', async t => {
  for (const { steps } of stages) {
    for (const { text } of steps.filter(({ instruction, text }) => instruction === 'COPY' && !text.startsWith('--from='))) {
      for (const source of text.split(' ').slice(0, -1)) t.ok(existsSync(source) && reaches(source), source)
    }
  }
  for (const path of ['data/keys.db', 'data', '.env', 'facade.env', '.git/config', 'node_modules/fastify/package.json', 'test/page.test.ts', 'packages/alb-rules/test/checks.test.ts', 'packages/alb-rules/dist/index.js', 'deploy/ecs/facade.tf.json', 'dist/src/app.js', '.venvs/x', 'admin-key']) t.notOk(reaches(path), path)
})

t.test('an ignore file decides by its last line that matches', async t => {
  const keeps = readIgnore('# comment\n*\n!src\nsrc/*.log\n!src/kept.log\n')
  t.strictSame(['a', 'src', 'src/a.ts', 'src/a.log', 'src/kept.log', 'src2'].map(keeps), [false, true, true, false, true, false])
  fc.assert(fc.property(fc.string(), path => readIgnore('')(path)))
})

t.test('.env.example has every setting with its default, and nothing switched on', async t => {
  const text = readFileSync('.env.example', 'utf8')
  t.equal(text, envExample(), 'it is made by npm run generate')
  const given = Object.fromEntries([...text.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]))
  t.strictSame(given, Object.fromEntries(Object.entries(settings).map(([name, { value = '' }]) => [name, value])))
  t.notMatch(text, /^[^#\n]/m)
  t.doesNotThrow(() => loadConfig(given, () => ''), 'and the defaults are valid as they stand there')
})

t.test('in the compose file nobody but the facade can be reached, and MLflow accepts its Host', async t => {
  const { facade, ...others } = compose.services
  t.strictSame(Object.values(others).filter(({ ports, networks }) => ports !== undefined || networks?.join() !== 'private'), [])
  t.equal(compose.networks['private']?.internal, true)
  t.strictSame(facade?.networks, ['public', 'private'])
  t.equal(facade?.read_only, true)
  const upstream = new URL(facade?.environment?.['MLFLOW_UPSTREAM_URL'] ?? '')
  t.ok(others['mlflow']?.command?.includes(`--allowed-hosts=${upstream.host},localhost:5000`))
  for (const name of Object.keys(facade?.environment ?? {})) t.ok(name in settings, name)
})

t.test('keys may live in a PostgreSQL of their own, by the lines at the top of the compose file', t => {
  const [, url = ''] = /"KEYS_URL=(.*)" >> facade\.env/.exec(readFileSync('compose.yaml', 'utf8')) ?? []
  const { store } = loadConfig({ KEYS_URL: url.replace('$password', 'x') }, () => '').keys
  const { environment } = compose.services['keys'] ?? {}
  t.match(store, { kind: 'postgres', address: { host: 'keys', port: 5432, user: environment?.['POSTGRES_USER'], database: environment?.['POSTGRES_DB'] } })
  t.end()
})

t.test('the compose file pins what it runs, MLflow to the version that is tested', async t => {
  for (const { image } of Object.values(compose.services)) t.notMatch(image ?? 'pinned:1', /:latest$|^[^:]+$/)
  const { build } = compose.services['mlflow'] ?? {}
  t.match(typeof build === 'object' ? build.dockerfile_inline : '', `mlflow==${pinned.version} `)
  t.strictSame(Object.entries(compose.services).filter(([, { profiles }]) => profiles !== undefined).map(([name]) => name), ['keys', 's3', 'bucket'])
})

t.test('actions of the workflows are pinned by commit, with the release that it is of', t => {
  const uses = readdirSync('.github/workflows').flatMap(file => [...readFileSync(`.github/workflows/${file}`, 'utf8').matchAll(/uses: (.+)$/gm)].map(([, text]) => text))
  t.ok(uses.length > 7)
  for (const text of uses) t.match(text, /^(\.\/\.github\/workflows\/[\w-]+\.yml|[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/)
  t.end()
})
