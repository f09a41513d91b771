/** The compose file with several facades, as far as it goes without an engine: names, files, networks and settings hang together. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse } from 'yaml'
import { loadConfig } from '../../../src/core/settings/config.js'
import { settings } from '../../../src/core/settings/settings.js'
import { certifyLocalhost } from '../../helpers/proxy-process.js'

interface Service {
  readonly image?: string
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly networks?: readonly string[]
  readonly profiles?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly stop_grace_period?: string
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean, readonly ipam?: { readonly config: ReadonlyArray<{ readonly subnet: string }> } } | null>>
}

const file = 'deploy/compose/team.yaml'
const text = readFileSync(file, 'utf8')
const team = parse(text, { merge: true }) as Compose
const base = parse(readFileSync('compose.yaml', 'utf8'), { merge: true }) as Compose
const facades = ['facade1', 'facade2', 'facade3']
const own = Object.entries(team.services).filter(([name]) => !(name in base.services))

t.test('it adds three facades, a balancer and Valkey, and leaves the single facade out', t => {
  t.strictSame(own.map(([name]) => name), [...facades, 'balancer', 'valkey'])
  t.strictSame(team.services['facade'], { profiles: ['alone'] })
  t.notOk(text.includes('--profile alone'))
  for (const [, { profiles }] of own) t.equal(profiles, undefined)
  t.end()
})

t.test('nobody is published but the balancer, which cannot reach what the facades keep', t => {
  t.strictSame(own.filter(([, { ports }]) => ports !== undefined).map(([name]) => name), ['balancer'])
  t.strictSame(own.filter(([, { networks }]) => networks?.includes('public')).map(([name]) => name), ['balancer'])
  t.notOk(team.services['balancer']?.networks?.includes('private'))
  t.equal(team.networks['front']?.internal, true)
  for (const name of new Set(own.flatMap(([, { networks = [] }]) => networks))) t.ok(name in team.networks || name in base.networks, name)
  t.end()
})

t.test('each facade has a folder of its own, settings that exist and are right, and the time to end', t => {
  const folders = facades.map(name => team.services[name]?.volumes?.find(volume => volume.endsWith(':/data')) ?? '')
  t.equal(new Set(folders).size, 3)
  for (const folder of folders) t.ok((folder.split(':')[0] ?? '') in team.volumes, folder)
  const keys = base.services['keys']
  for (const name of facades) {
    const { environment = {}, depends_on: needs = {}, stop_grace_period: grace = '' } = team.services[name] ?? {}
    for (const setting of Object.keys(environment)) t.ok(setting in settings, setting)
    const given = Object.fromEntries(Object.entries(environment).map(([setting, value]) => [setting, value.replace(/\$\{[^}]+\}/g, 'secret')]))
    const config = loadConfig(given, () => '')
    const { POSTGRES_USER: user, POSTGRES_DB: database } = keys?.environment ?? {}
    t.match(config.keys.store, { kind: 'postgres', address: { host: 'keys', user, database } })
    t.match(config.redis, { host: 'valkey', port: 6379 })
    t.strictSame(given['TRUST_PROXY'], team.networks['front']?.ipam?.config[0]?.subnet)
    t.ok(config.shutdownDelayMs >= 5000 && config.shutdownDelayMs + config.shutdownGraceMs < Number.parseInt(grace) * 1000)
    for (const other of Object.keys(needs)) t.ok(other in base.services || other in team.services, other)
  }
  t.strictSame(keys?.profiles, ['keys'])
  t.match(text, '--profile keys')
  t.end()
})

t.test('what is mounted exists, or the lines at the top make it; images are pinned', t => {
  const [head = ''] = text.split('\nservices:')
  for (const [name, { image = '', volumes = [] }] of own) {
    t.match(image, /^[\w./-]+:(?!latest$)[\w.-]+$/, name)
    for (const path of volumes.filter(volume => volume.startsWith('.')).map(volume => volume.split(':')[0] ?? '')) {
      t.ok(existsSync(path) || head.includes(`> ${path.slice(2)}`), path)
    }
  }
  for (const [, secret = ''] of text.matchAll(/\$\{(\w+)_PASSWORD:\?/g)) t.match(head, new RegExp(`for name in [A-Z ]*\\b${secret}\\b`))
  t.end()
})

t.test('its balancer is the one of deploy/proxies with other addresses, and HAProxy takes it', t => {
  const lines = (path: string): string[] => readFileSync(path, 'utf8').split('\n').slice(1)
  const tried = lines('deploy/proxies/haproxy-replicas.cfg').map(line => line.replace(/127\.0\.0\.1:808(\d)$/, (_, index) => `facade${Number(index) + 1}:8080`))
  const used = lines('deploy/compose/haproxy.cfg').join('\n')
    .replace('resolvers engine\n  nameserver dns 127.0.0.11:53\n\n', '')
    .replace(' resolvers engine init-addr libc,none', '')
  t.equal(used, tried.join('\n'))
  const folder = t.testdir()
  const config = join(folder, 'haproxy.cfg')
  writeFileSync(config, readFileSync('deploy/compose/haproxy.cfg', 'utf8').replace('/etc/ssl/registry-with-key.pem', certifyLocalhost(folder).both))
  t.doesNotThrow(() => execFileSync('haproxy', ['-c', '-f', config], { stdio: 'pipe' }))
  t.end()
})

t.test('Valkey forgets nothing that counts, and only who knows the password may use it', t => {
  const { command = [] } = team.services['valkey'] ?? {}
  t.match(command.join(' '), /--maxmemory-policy noeviction --requirepass \$\{VALKEY_PASSWORD:\?/)
  t.end()
})
