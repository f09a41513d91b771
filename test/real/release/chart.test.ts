/** The Helm chart: what it renders is what Kubernetes takes, and a facade that would start; wrong values are refused with a sentence. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import t from 'tap'
import { parse, parseAllDocuments } from 'yaml'
import { createMetrics } from '../../../src/core/telemetry/metrics.js'
import { loadConfig } from '../../../src/core/settings/config.js'

const chart = 'deploy/helm/hokusai-mlflow'
const tools = execFileSync('scripts/release/chart-tools', { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim()
const kubernetes = ['1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36', '1.37']

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string, readonly labels: Readonly<Record<string, string>> }
  readonly spec: any // eslint-disable-line @typescript-eslint/no-explicit-any -- of many kinds; what is asked of it is asserted
}

const postgres = { KEYS_URL: { name: 'facade', key: 'keys-url' }, REDIS_URL: { name: 'facade', key: 'redis-url' } }
const cases: Readonly<Record<string, object>> = {
  'one facade, keys in SQLite, MLflow elsewhere': { upstream: { url: 'http://mlflow.ml:5000' } },
  'an MLflow of the chart\'s': {
    mlflow: { enabled: true, args: ['--gunicorn-opts=--timeout=60'], env: { AWS_DEFAULT_REGION: 'eu-west-1' }, secrets: { AWS_SECRET_ACCESS_KEY: { name: 's3', key: 'secret' } } }
  },
  'a team, with everything on': {
    replicas: 3,
    upstream: { url: 'https://mlflow.ml/prefix' },
    settings: { PUBLIC_URL: 'https://mlflow.example.com', TRUST_PROXY: '10.0.0.0/8', SHUTDOWN_DELAY: 15, KEYS_DEFAULT_RATE: '3600/hour' },
    secrets: postgres,
    ingress: { enabled: true, className: 'nginx', hosts: ['mlflow.example.com'], tls: [{ secretName: 'tls', hosts: ['mlflow.example.com'] }], annotations: { a: 'b' } },
    httpRoute: { enabled: true, parentRefs: [{ name: 'public', namespace: 'gateways' }], hostnames: ['mlflow.example.com'] },
    networkPolicy: { from: [{ namespaceSelector: { matchLabels: { name: 'ingress' } } }], metricsFrom: [{ podSelector: { matchLabels: { app: 'prometheus' } } }], mlflow: { podLabels: { app: 'mlflow' } } },
    autoscaling: { enabled: true },
    monitoring: { serviceMonitor: { enabled: true, labels: { release: 'prometheus' } }, rules: { enabled: true, labels: { release: 'prometheus' } } },
    serviceAccount: { annotations: { role: 'facade' } },
    podAnnotations: { a: 'b' },
    podLabels: { c: 'd' },
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'ml', operator: 'Exists' }],
    affinity: { nodeAffinity: {} },
    priorityClassName: 'high',
    imagePullSecrets: [{ name: 'registry' }],
    extraVolumes: [{ name: 'ca', configMap: { name: 'ca' } }],
    extraVolumeMounts: [{ name: 'ca', mountPath: '/ca' }]
  },
  'an auth service': {
    replicas: 2,
    upstream: { url: 'http://mlflow.ml:5000' },
    settings: { HOKUSAI_AUTH_SERVICE_URL: 'https://auth.example.com' },
    secrets: { SESSION_SECRET: { name: 'facade', key: 'session' } }
  }
}

function helm (folder: string, command: readonly string[], values: object): { readonly status: number | null, readonly stdout: string, readonly stderr: string } {
  const file = join(folder, 'values.json')
  writeFileSync(file, JSON.stringify(values))
  return spawnSync(join(tools, 'helm'), [...command, '--values', file], { encoding: 'utf8' })
}

function render (folder: string, values: object): Manifest[] {
  const { status, stdout, stderr } = helm(folder, ['template', 'ml', chart, '--namespace', 'ml', '--kube-version', '1.30.0'], values)
  if (status !== 0) throw new Error(stderr)
  return parseAllDocuments(stdout).map(document => document.toJS() as Manifest | null).filter(manifest => manifest !== null)
}

const isOwnKind = ({ apiVersion }: Manifest): boolean => !apiVersion.includes('.') || (apiVersion.includes('.k8s.io/') && !apiVersion.startsWith('gateway.'))
const find = (manifests: readonly Manifest[], kind: string, name: string): Manifest | undefined =>
  manifests.find(manifest => manifest.kind === kind && manifest.metadata.name === name)

for (const [title, values] of Object.entries(cases)) {
  t.test(title, async t => {
    const folder = t.testdir()
    const lint = helm(folder, ['lint', '--strict', chart], values)
    t.equal(lint.status, 0, lint.stdout + lint.stderr)
    const manifests = render(folder, values)
    const file = join(folder, 'manifests.yaml')
    writeFileSync(file, manifests.filter(isOwnKind).map(manifest => JSON.stringify(manifest)).join('\n---\n'))
    for (const version of kubernetes) {
      const { status, stdout, stderr } = spawnSync(join(tools, 'kubernetes-validate'), ['--strict', '--kubernetes-version', version, file], { encoding: 'utf8' })
      t.equal(status, 0, `Kubernetes ${version} takes it: ${stdout}${stderr}`)
    }
    t.strictSame(startable(find(manifests, 'Deployment', 'ml-hokusai-mlflow')), [], 'the facade would start')
    t.strictSame(unguarded(manifests), [], 'nobody gets around the facade')
  })
}

/** What keeps the facade from starting, or from ending in peace. */
function startable (deployment: Manifest | undefined): string[] {
  const { terminationGracePeriodSeconds: grace, containers: [container] } = deployment?.spec.template.spec ?? {}
  const env = container.env as ReadonlyArray<{ readonly name: string, readonly value?: string }>
  const examples: Readonly<Record<string, string>> = { KEYS_URL: 'postgres://facade:secret@keys/keys', REDIS_URL: 'redis://valkey', SESSION_SECRET: 's'.repeat(32) }
  const config = loadConfig({ HOST: '0.0.0.0', ...Object.fromEntries(env.map(({ name, value }) => [name, value ?? examples[name] ?? 'secret'])) }, () => '')
  return [
    ...grace * 1000 > config.shutdownDelayMs + config.shutdownGraceMs ? [] : ['its pod is killed before its grace is over'],
    ...config.dataDir.startsWith(container.volumeMounts[0].mountPath) ? [] : ['DATA_DIR is on no volume'],
    ...container.securityContext.readOnlyRootFilesystem === true ? [] : ['the root is writable']
  ]
}

/** MLflows of these manifests that others can reach. */
function unguarded (manifests: readonly Manifest[]): string[] {
  const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) => spec)
  const mlflows = manifests.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name.endsWith('-mlflow') && metadata.name !== 'ml-hokusai-mlflow')
  const facade = find(manifests, 'Deployment', 'ml-hokusai-mlflow')?.spec.selector.matchLabels
  return mlflows.filter(({ spec }) => {
    const labels = spec.template.metadata.labels
    const own = policies.filter(({ podSelector }) => JSON.stringify(podSelector.matchLabels) === JSON.stringify(labels))
    return own.length !== 1 || own.some(({ ingress }) => JSON.stringify(ingress.flatMap(({ from }: { from: object[] }) => from)) !== JSON.stringify([{ podSelector: { matchLabels: facade } }]))
  }).map(({ metadata }) => metadata.name)
}

t.test('kinds that are no part of Kubernetes fit the definitions of those who made them', async t => {
  const manifests = render(t.testdir(), cases['a team, with everything on'] ?? {}).filter(manifest => !isOwnKind(manifest))
  t.strictSame(manifests.map(({ kind }) => kind).sort(), ['HTTPRoute', 'PrometheusRule', 'ServiceMonitor'])
  for (const [module, file, kind] of definitions) {
    const { Dir: dir } = JSON.parse(execFileSync('go', ['mod', 'download', '-json', module], { encoding: 'utf8' })) as { Dir: string }
    const definition = parse(readFileSync(join(dir, file), 'utf8'))
    const manifest = manifests.find(other => other.kind === kind)
    const version = definition.spec.versions.find(({ name }: { name: string }) => manifest?.apiVersion === `${definition.spec.group}/${name}`)
    const check = new Ajv({ strict: false, validateFormats: false, allErrors: true }).compile(closed(version.schema.openAPIV3Schema))
    t.ok(check(manifest), `${kind}: ${JSON.stringify(check.errors)}`)
    t.notOk(check({ ...manifest, spec: { ...manifest?.spec, mistake: 1 } }), 'a mistake would be seen')
  }
})

const definitions = [
  ['sigs.k8s.io/gateway-api@v1.6.3', 'config/crd/standard/gateway.networking.k8s.io_httproutes.yaml', 'HTTPRoute'],
  ['github.com/prometheus-operator/prometheus-operator@v0.85.0', 'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml', 'ServiceMonitor'],
  ['github.com/prometheus-operator/prometheus-operator@v0.85.0', 'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml', 'PrometheusRule']
] as const

/**
 * The schema of a resource, in which a field that it does not know is a fault: Kubernetes drops such fields in silence. Go's patterns that
 * ignore case are left out: no other engine knows their form.
 */
function closed (schema: any): any { // eslint-disable-line @typescript-eslint/no-explicit-any -- a JSON schema
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inner = Object.fromEntries(Object.entries(schema).filter(([key, value]) => key !== 'pattern' || !String(value).includes('(?i)')).map(([key, value]) => [key, key === 'properties' ? Object.fromEntries(Object.entries(value as object).map(([name, part]) => [name, closed(part)])) : closed(value)]))
  const isOpen = inner['properties'] === undefined || inner['additionalProperties'] !== undefined || inner['x-kubernetes-preserve-unknown-fields'] === true
  return isOpen ? inner : { ...inner, additionalProperties: false }
}

const wrong: ReadonlyArray<readonly [string, object, RegExp]> = [
  ['nothing behind it', {}, /Set upstream\.url to MLflow's URL, or mlflow\.enabled=true/],
  ['two behind it', { upstream: { url: 'http://mlflow:5000' }, mlflow: { enabled: true } }, /not both/],
  ['replicas on SQLite', { upstream: { url: 'http://mlflow:5000' }, replicas: 2 }, /Several replicas cannot share keys in SQLite/],
  ['autoscaling on SQLite', { upstream: { url: 'http://mlflow:5000' }, autoscaling: { enabled: true } }, /cannot share keys in SQLite/],
  ['replicas that do not know each other\'s sessions', { upstream: { url: 'http://mlflow:5000' }, replicas: 2, settings: { HOKUSAI_AUTH_SERVICE_URL: 'https://auth' } }, /SESSION_SECRET/],
  ['a setting twice', { upstream: { url: 'http://mlflow:5000' }, settings: { PUBLIC_URL: 'https://a' }, secrets: { PUBLIC_URL: { name: 'a', key: 'b' } } }, /both in settings and in secrets/],
  ['a secret in clear', { upstream: { url: 'http://mlflow:5000' }, settings: { REDIS_URL: 'redis://:secret@valkey' } }, /invalid propertyName 'REDIS_URL'/],
  ['a mistyped setting', { upstream: { url: 'http://mlflow:5000' }, settings: { PUBLC_URL: 'https://a' } }, /invalid propertyName 'PUBLC_URL'/],
  ['a mistyped value', { upstream: { url: 'http://mlflow:5000' }, replica: 2 }, /replica/],
  ['a URL with credentials', { upstream: { url: 'http://user:password@mlflow:5000' } }, /upstream/],
  ['an ingress without a host', { upstream: { url: 'http://mlflow:5000' }, ingress: { enabled: true } }, /ingress\.hosts is empty/],
  ['a route without a gateway', { upstream: { url: 'http://mlflow:5000' }, httpRoute: { enabled: true } }, /httpRoute\.parentRefs is empty/]
]

t.test('values that cannot work are refused with what to do', async t => {
  for (const [title, values, sentence] of wrong) {
    const { status, stderr } = helm(t.testdir(), ['template', 'ml', chart, '--kube-version', '1.30.0'], values)
    t.not(status, 0, title)
    t.match(stderr, sentence, title)
  }
})

t.test('with keys in SQLite one pod at a time has the file; replicas roll without a gap', async t => {
  const [alone, team] = ['one facade, keys in SQLite, MLflow elsewhere', 'a team, with everything on'].map(title => render(t.testdir(), cases[title] ?? {}))
  t.match(find(alone ?? [], 'Deployment', 'ml-hokusai-mlflow')?.spec, { replicas: 1, strategy: { type: 'Recreate' } })
  t.ok(find(alone ?? [], 'PersistentVolumeClaim', 'ml-hokusai-mlflow'))
  t.notOk(find(alone ?? [], 'PodDisruptionBudget', 'ml-hokusai-mlflow'), 'one of one would keep a node from being drained')
  t.match(find(team ?? [], 'Deployment', 'ml-hokusai-mlflow')?.spec.strategy, { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } })
  t.notOk(find(team ?? [], 'PersistentVolumeClaim', 'ml-hokusai-mlflow'))
  t.ok(find(team ?? [], 'PodDisruptionBudget', 'ml-hokusai-mlflow'))
  t.notOk('replicas' in find(team ?? [], 'Deployment', 'ml-hokusai-mlflow')?.spec, 'the autoscaler has the say')
})

t.test('what it names exists: the metric, the alerts, the version', async t => {
  const team = render(t.testdir(), cases['a team, with everything on'] ?? {})
  const metric = find(team, 'HorizontalPodAutoscaler', 'ml-hokusai-mlflow')?.spec.metrics[0].pods.metric.name as string
  t.match(await createMetrics().registry.metrics(), `# TYPE ${metric} gauge`)
  t.strictSame(find(team, 'PrometheusRule', 'ml-hokusai-mlflow')?.spec, parse(readFileSync('deploy/monitoring/alerts.yaml', 'utf8')))
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  t.match(parse(readFileSync(`${chart}/Chart.yaml`, 'utf8')), { version, appVersion: version })
})

t.test('the plain manifest is the chart of today', async t => {
  t.equal(readFileSync('deploy/kubernetes/hokusai-mlflow.yaml', 'utf8'), execFileSync('scripts/release/manifest', { encoding: 'utf8' }), 'scripts/release/manifest >deploy/kubernetes/hokusai-mlflow.yaml')
})
