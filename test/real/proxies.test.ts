/** The stock client trains through each proxy of docs/behind-a-proxy.md, on the files of deploy/proxies, also where the mount is taken off. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'
import { startFacade } from '../helpers/facade.js'
import { certifyLocalhost, isInstalled, startProxy } from '../helpers/proxy-process.js'
import { startMlflow } from '../../scripts/mlflow/server.js'
import { freePort } from '../../scripts/mlflow/ports.js'

t.setTimeout(600_000) // a minute on an idle machine

interface Proxy {
  readonly program: string
  readonly files: readonly string[]
  /** How it is started; the first file in its place, filled in. */
  readonly args: (file: string) => string[]
  /** What only a test needs. */
  readonly adapt?: (text: string) => string
}

interface Teardown { teardown: (fn: () => unknown) => void }

const folder = resolve(t.testdir())
const { certificate, key: certificateKey, both } = certifyLocalhost(folder)

const nginx = (file: string): Proxy => ({
  program: 'nginx',
  files: [file],
  args: file => ['-e', 'stderr', '-p', folder, '-c', file, '-g', `daemon off; pid ${file}.pid;`],
  adapt: text => text.replace('http {', 'http {\n  access_log off;')
})
const haproxy = (file: string): Proxy => ({ program: 'haproxy', files: [file], args: file => ['-db', '-f', file] })
// Its certificates come from the internet; its second port and its administration are in other tests' way.
const caddy = (file: string): Proxy => ({
  program: 'caddy',
  files: [file],
  args: file => ['run', '--adapter', 'caddyfile', '--config', file],
  adapt: text => '{\n\tadmin off\n\tauto_https disable_redirects\n}\n' +
    text.replace(/^localhost \{/m, `https://localhost:443 {\n\ttls ${certificate} ${certificateKey}`)
})
const traefik = (file: string): Proxy => ({ program: 'traefik', files: ['traefik.yaml', file], args: file => [`--configFile=${file}`] })

const proxies: readonly Proxy[] = [
  ...['nginx.conf', 'nginx-stripped.conf'].map(nginx),
  ...['haproxy.cfg', 'haproxy-stripped.cfg', 'haproxy-replicas.cfg'].map(haproxy),
  ...['Caddyfile', 'Caddyfile-stripped'].map(caddy),
  ...['traefik-facade.yaml', 'traefik-facade-stripped.yaml'].map(traefik)
]

t.test('every file of deploy/proxies is tried here, and stands in the page word by word', async t => {
  const files = readdirSync('deploy/proxies').sort()
  t.strictSame([...new Set(proxies.flatMap(({ files }) => files))].sort(), files)
  const page = readFileSync('docs/behind-a-proxy.md', 'utf8')
  for (const file of files) t.ok(page.includes(`\n${readFileSync(join('deploy/proxies', file), 'utf8')}\`\`\`\n`), file)
})

t.test('1,000 points, a file and its way back go through each of them', async t => {
  const installed = proxies.filter(({ program }) => isInstalled(program))
  for (const { program, files } of proxies) if (!isInstalled(program)) t.pass(files.at(-1) ?? '', { skip: `${program} is not installed` })
  const mlflow = await startMlflow(t, { dir: t.testdir() })
  const facade = await startFacade(t, { mlflowUrl: mlflow.url, env: { TRUST_PROXY: '127.0.0.1' } })
  const key = await facade.createKey('mlflow:write')
  const origins = new Map<string, string>()
  for (const proxy of installed) origins.set(await start(t, proxy, new URL(facade.url).host), proxy.files.at(-1) ?? '')

  const { stdout } = await promisify(execFile)(mlflow.python, ['test/real/loop.py', ...[...origins.keys()].map(origin => `${origin}/mlflow`)], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      MLFLOW_TRACKING_TOKEN: key,
      MLFLOW_TRACKING_SERVER_CERT_PATH: certificate,
      REQUESTS_CA_BUNDLE: certificate,
      MLFLOW_DISABLE_TELEMETRY: 'true',
      MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0' // what fails once is a failure here
    }
  })
  const seen = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, unknown>
  const wanted = { points: 1000, artifact: 'same', status: 'FINISHED' }
  for (const [origin, file] of origins) t.strictSame(seen[`${origin}/mlflow`], wanted, file)

  const authorization = ['-H', `Authorization: Bearer ${key}`]
  const search = `/mlflow/api/2.0/mlflow/experiments/search?max_results=1&${'x'.repeat(65_000)}`
  for (const [origin, file] of origins) {
    const bare = await curl(`${origin}/mlflow`)
    t.strictSame([bare.version, bare.location], ['2', '/mlflow/'], `${file}: HTTP/2, and /mlflow leads to /mlflow/`)
    t.equal((await curl(`${origin}/mlflow/`, ...authorization)).status, '200', `${file}: pages`)
    t.equal((await curl(origin + search, ...authorization)).status, '200', `${file}: a query of 65 KB`)
  }
})

/** Starts a proxy on its files with another port, address behind, name and certificate; gives its origin. */
async function start (t: Teardown, { program, files, args, adapt = text => text }: Proxy, behind: string): Promise<string> {
  const port = await freePort()
  const places = files.map(file => join(folder, `${port}-${file}`))
  for (const [index, file] of files.entries()) {
    const text = adapt(readFileSync(join('deploy/proxies', file), 'utf8').replaceAll('registry.example.org', 'localhost'))
    writeFileSync(places[index]!, text
      .replace(/\b443\b/, String(port))
      .replaceAll('127.0.0.1:8080', behind)
      .replaceAll('/etc/ssl/registry.pem', certificate)
      .replaceAll('/etc/ssl/registry.key', certificateKey)
      .replaceAll('/etc/ssl/registry-with-key.pem', both)
      .replaceAll('/etc/traefik/facade.yaml', places[1] ?? ''))
  }
  await startProxy(t, [program, ...args(places[0]!)], { folder, port })
  return `https://localhost:${port}`
}

async function curl (url: string, ...more: string[]): Promise<{ status: string, version: string, location: string }> {
  const args = ['-s', '--http2', '--cacert', certificate, '-o', '/dev/null', '-w', '%{http_code} %{http_version} %{redirect_url}']
  const { stdout } = await promisify(execFile)('curl', [...args, ...more, url])
  const [status = '', version = '', location = ''] = stdout.trim().split(' ')
  return { status, version, location: location.replace(/^https:\/\/localhost:\d+/, '') }
}
