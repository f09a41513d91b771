/** What documents and deployment files say about the platform is run or compared here. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../../src/core/settings/config.js'
import { createMetrics } from '../../../src/core/telemetry/metrics.js'
import { settings } from '../../../src/core/settings/settings.js'

const read = (file: string): string => readFileSync(file, 'utf8')
const filesIn = (folder: string, ending: string): string[] => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith(ending)).map(file => join(folder, file))

async function run (program: string, argv: readonly string[]): Promise<{ code: number, text: string }> {
  return await new Promise(resolve => execFile(program, argv, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? -1), text: stdout + stderr })))
}

t.test('every command of docs/requirements.md is one that CI runs, and succeeds', async t => {
  const rows = read('docs/requirements.md').split('## Tasks')[0]!.split('\n').filter(line => /^\| (\d|\|)/.test(line) || line.startsWith('| |'))
  const commands = rows.map(row => /\| `([^`]+)` \|/.exec(row)?.[1] ?? row)
  t.ok(commands.length >= 9)
  for (const command of commands) {
    const [program = '', ...argv] = command.split(' ')
    if (command.startsWith('npm run test:one -- ')) for (const file of argv.slice(3)) t.ok(existsSync(file) && /^(test|packages\/[^/]+\/test)\/.*\.test\.ts$/.test(file), command)
    else if (program === 'scripts/deploy-dev') t.match(read('test/real/platform/journey.test.ts'), /'scripts\/deploy-dev', \['--once'/, command)
    else t.match(await run('node', program === 'hokusai-mlflow' ? ['dist/cli/main.js', ...argv] : argv), { code: 0 }, command)
  }
  for (const number of [1, 2, 3, 4, 5, 6]) t.ok(rows.some(row => row.startsWith(`| ${number} `)), `criterion ${number}`)
})

t.test('links between documents lead somewhere', async t => {
  for (const file of ['README.md', 'CONTRIBUTING.md', ...filesIn('docs', '.md')]) {
    for (const [, target = ''] of read(file).matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (!/^https?:/.test(target)) t.ok(existsSync(join(dirname(file), target)), `${file}: ${target}`)
    }
  }
})

t.test('every page is found from README', async t => {
  const readme = read('README.md')
  for (const page of filesIn('docs', '.md')) if (!page.startsWith('docs/adr/')) t.ok(readme.includes(`](${page}`), page)
})

t.test('alerts: valid, each fires on its fault and none on a healthy hour', async t => {
  for (const argv of [['check', 'rules', 'deploy/monitoring/alerts.yaml'], ['test', 'rules', 'deploy/monitoring/alerts.test.yaml']]) {
    const { code, text } = await run('promtool', argv)
    t.equal(code, 0, text)
  }
})

t.test('alerts and dashboard read metrics that exist, and each alert has its section in the runbook', async t => {
  const metrics = createMetrics()
  metrics.certificateExpiry()
  const exposed = await metrics.registry.metrics()
  const names = new Set([...exposed.matchAll(/^# TYPE (\S+) (\S+)/gm)].flatMap(([, name = '', kind]) => kind === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name]))
  const used = [read('deploy/monitoring/alerts.yaml'), read('deploy/monitoring/dashboard.json')].flatMap(text => [...text.matchAll(/\b(?:hokusai_mlflow|nodejs|process)_\w+/g)].map(([name]) => name))
  t.ok(used.length > 20)
  for (const name of new Set(used)) t.ok(names.has(name), name)
  const alerts = [...read('deploy/monitoring/alerts.yaml').matchAll(/alert: (\w+)/g)].map(([, name]) => name)
  const sections = [...read('docs/runbook.md').matchAll(/^## (\w+)$/gm)].map(([, name]) => name)
  t.strictSame(alerts, sections)
  for (const alert of alerts) t.match(read('deploy/monitoring/alerts.yaml'), `runbook: docs/runbook.md#${alert?.toLowerCase()} `)
})

t.test('reasons that alerts look for are reasons that the code gives', async t => {
  const sources = filesIn('src', '.ts').map(read).join('\n')
  for (const [, list = ''] of read('deploy/monitoring/alerts.yaml').matchAll(/reason=~?"([^"]+)"/g)) {
    for (const reason of list.split('|')) t.match(sources, `'${reason}'`, reason)
  }
})

t.test('the ECS files name settings that exist, with values that are valid, and what the rules ask for', async t => {
  interface Service { readonly locals: { readonly environment: Record<string, string> }, readonly variable: Record<string, { readonly default?: string }>, readonly resource: Record<string, Record<string, Record<string, unknown>>> }
  const text = read('deploy/ecs/facade.tf.json')
  const service = JSON.parse(text) as Service
  const filled: Record<string, string> = { mlflow_url: 'http://mlflow.internal:5000/mlflow', auth_service_url: service.variable['auth_service_url']?.default ?? '', vpc_cidr: '10.0.0.0/16' }
  const environment = Object.fromEntries(Object.entries(service.locals.environment).map(([name, value]) => [name, filled[/^\$\{var\.(\w+)\}$/.exec(value)?.[1] ?? ''] ?? value]))
  for (const name of Object.keys(environment)) t.ok(name in settings, name)
  const config = loadConfig(environment, () => '')
  const stopTimeoutMs = Number(/stopTimeout = (\d+)/.exec(text)?.[1]) * 1000
  t.ok(stopTimeoutMs > config.shutdownDelayMs + config.shutdownGraceMs, 'ECS waits until the facade has drained')
  const group = service.resource['aws_lb_target_group']?.['mlflow-facade']
  t.match(group, { name: 'mlflow-facade', health_check: { path: '/ready' } })
  t.match(read('deploy/alb/rules.tf.json'), `target_group_arns[\\"${String(group?.['name'])}\\"]`)
  for (const [, name = ''] of text.matchAll(/\bvar\.(\w+)/g)) t.ok(name in service.variable, name)
})

t.test('generated files are what their sources say', async t => {
  t.equal(execFileSync('node', ['.build/scripts/generate/main.js', '--check'], { encoding: 'utf8' }), '')
})
