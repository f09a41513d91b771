/** The peers that are measured side by side, each between the same load and the same stub. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../scripts/mlflow/ports.js'
import { forwardAuth } from './caddy.js'
import { keyMap as haproxyKeyMap } from './haproxy.js'
import { BenchError, isInstalled } from './machine.js'
import { authRequest, keyMap } from './nginx.js'
import { run, type Running } from './processes.js'
import { startFacade, startNginx, whenReady, type Peer, type Place } from './start.js'

type Start = (place: Place) => Promise<Peer>

/** Every peer by its name, in the order of the report. */
const peers: Readonly<Record<string, Start>> = {
  direct: async ({ upstreamPort }) => ({ url: `http://127.0.0.1:${upstreamPort}`, process: undefined }),
  facade: startFacade,
  'http-proxy': startBareProxy,
  'nginx-auth_request': async place => await startAuthRequest(place, false),
  'nginx-auth_request-log': async place => await startAuthRequest(place, true),
  'nginx-key-map': async place => await startKeyMap(place, false),
  'nginx-key-map-log': async place => await startKeyMap(place, true),
  'caddy-forward_auth': async place => await startCaddy(place, false),
  'caddy-forward_auth-log': async place => await startCaddy(place, true),
  'haproxy-key-map': async place => await startHaproxy(place, false),
  'haproxy-key-map-log': async place => await startHaproxy(place, true)
}

export const peerNames: readonly string[] = Object.keys(peers)

/** Peers whose program may be missing: the benchmark goes on without them. */
const optional = ['caddy', 'haproxy']

/** @returns of these peers, the ones whose program is there, and a line for each program that is not */
export function installedPeers (names: readonly string[]): { readonly names: readonly string[], readonly skipped: readonly string[] } {
  const missing = optional.filter(program => names.some(name => name.startsWith(`${program}-`)) && !isInstalled(program))
  const skipped = missing.map(program => `${program} is not installed: left out (apt-get install ${program})`)
  return { names: names.filter(name => !missing.some(program => name.startsWith(`${program}-`))), skipped }
}

/** Starts a peer by its name. */
export async function startPeer (name: string, place: Place): Promise<Peer> {
  const start = peers[name]
  if (start === undefined) throw new BenchError(`There is no peer ${name}.`)
  return await start(place)
}

async function startBareProxy (place: Place): Promise<Peer> {
  const port = await freePort()
  const command = [process.execPath, join(import.meta.dirname, 'bareproxy.js'), String(port), `http://127.0.0.1:${place.upstreamPort}`]
  return await whenReady('http-proxy', port, run(command, { core: place.core, log: join(place.folder, 'http-proxy.log') }), place)
}

async function startAuthRequest (place: Place, logs: boolean): Promise<Peer> {
  const [port, authPort] = [await freePort(), await freePort()]
  const service = startAuthService(place, authPort)
  const nginx = startNginx(place.folder, port, place.core, authRequest({ folder: place.folder, port, logs }, place.upstreamPort, authPort))
  return await whenReady('nginx', port, together(nginx, service), place)
}

/** Keys in nginx's own configuration: nothing is asked, and nothing changes without a reload. */
async function startKeyMap (place: Place, logs: boolean): Promise<Peer> {
  const port = await freePort()
  const nginx = startNginx(place.folder, port, place.core, keyMap({ folder: place.folder, port, logs }, place.upstreamPort, place.key))
  return await whenReady('nginx', port, nginx, place)
}

/** On one thread of Go's, as the others have one. */
async function startCaddy (place: Place, logs: boolean): Promise<Peer> {
  const [port, authPort] = [await freePort(), await freePort()]
  const service = startAuthService(place, authPort)
  const file = join(place.folder, 'Caddyfile')
  writeFileSync(file, forwardAuth({ folder: place.folder, port, logs }, place.upstreamPort, authPort))
  const env = { GOMAXPROCS: '1', HOME: place.folder, XDG_CONFIG_HOME: place.folder, XDG_DATA_HOME: place.folder }
  const command = ['caddy', 'run', '--adapter', 'caddyfile', '--config', file]
  const caddy = run(command, { core: place.core, log: join(place.folder, 'caddy.out'), env })
  return await whenReady('caddy', port, together(caddy, service), place)
}

async function startHaproxy (place: Place, logs: boolean): Promise<Peer> {
  const port = await freePort()
  const [file, map] = [join(place.folder, 'haproxy.cfg'), join(place.folder, 'keys.map')]
  writeFileSync(map, `${place.key} bench\n`, { mode: 0o600 })
  writeFileSync(file, haproxyKeyMap({ folder: place.folder, port, logs }, place.upstreamPort, map))
  return await whenReady('haproxy', port, run(['haproxy', '-db', '-f', file], { core: place.core, log: join(place.folder, 'haproxy.log') }), place)
}

/** Shares the core, as it would share the machine of one who sets this up instead. */
function startAuthService (place: Place, port: number): Running {
  const command = [process.execPath, join(import.meta.dirname, 'authservice.js'), String(port)]
  return run(command, { core: place.core, log: join(place.folder, 'authservice.log'), env: { BENCH_KEY: place.key } })
}

function together (server: Running, service: Running): Running {
  const stop = async (): Promise<void> => { await Promise.all([server.stop(), service.stop()]) }
  return { ...server, groups: [...server.groups, ...service.groups], stop }
}
