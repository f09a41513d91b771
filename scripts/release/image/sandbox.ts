/** A folder that programs see as the root of the file system, with this machine's /usr below it and a Node of its own in /usr/local: what an image is without an engine. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

export interface Run {
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  /** Numeric user and group. */
  readonly user?: string
  /** Only /data and /tmp can be written. */
  readonly readOnly?: boolean
}

const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Mounts what a root needs and runs the command in it; everything is unmounted when it ends. */
const enter = `
root=$1; mode=$2; cwd=$3; user=$4; shift 4
mount --make-rprivate /
mount --bind "$root" "$root"
mount --rbind /usr "$root/usr"
mount -o remount,bind,ro "$root/usr"
mount --bind "$root/.local" "$root/usr/local"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ "$mode" = ro ]; then
  mount --bind "$root/data" "$root/data"
  mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
  mount -o remount,bind,ro "$root/usr/local"
  mount -o remount,bind,ro "$root"
fi
exec chroot --userspec="$user" "$root" /bin/sh -ec 'cd "$1"; shift; exec "$@"' sh "$cwd" "$@"
`

/** Makes a root as the base image has it. */
export function makeRoot (root: string, node: string): void {
  for (const folder of ['app', 'data', 'dev', 'etc', 'proc', 'root', 'tmp', 'usr', '.local/bin', '.local/lib/node_modules', 'home/node']) mkdirSync(join(root, folder), { recursive: true })
  chmodSync(join(root, 'tmp'), 0o1777)
  for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
    if (existsSync(`/${folder}`) && lstatSync(`/${folder}`).isSymbolicLink()) symlinkSync(readlinkSync(`/${folder}`), join(root, folder))
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n')
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nnode:x:1000:\n')
  for (const name of ['resolv.conf', 'hosts', 'nsswitch.conf', 'ssl']) {
    if (existsSync(`/etc/${name}`)) cpSync(`/etc/${name}`, join(root, 'etc', name), { recursive: true, dereference: true, filter: readable })
  }
  cpSync(node, join(root, '.local/bin/node'), { dereference: true })
  const npm = join(execFileSync('npm', ['root', '--global'], { encoding: 'utf8' }).trim(), 'npm')
  cpSync(npm, join(root, '.local/lib/node_modules/npm'), { recursive: true })
  symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(root, '.local/bin/npm'))
}

/** Runs a command to its end as root, on the screen. @returns whether it went well */
export function runIn (root: string, command: readonly string[], run: Run): boolean {
  const { npmrc, env } = registrySettings()
  if (npmrc !== undefined) cpSync(npmrc, join(root, 'root/.npmrc'))
  try {
    return spawnSync('unshare', argsOf(root, command, run), { stdio: ['ignore', 'inherit', 'inherit'], env: { ...env, PATH: searchPath, HOME: '/root', ...run.env } }).status === 0
  } finally {
    rmSync(join(root, 'root/.npmrc'), { force: true })
  }
}

/** Starts a command that goes on running; its signals reach the command itself. */
export function startIn (root: string, command: readonly string[], run: Run): ChildProcess {
  return spawn('unshare', argsOf(root, command, run), { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: searchPath, HOME: '/home/node', ...run.env } })
}

function argsOf (root: string, command: readonly string[], { cwd, user = '0:0', readOnly = false }: Run): string[] {
  return ['--mount', 'sh', '-euc', enter, 'sh', root, readOnly ? 'ro' : 'rw', cwd, user, ...command]
}

/** How this machine reaches its package registry: the builder's business, and no part of the image. */
function registrySettings (): { npmrc: string | undefined, env: Record<string, string> } {
  const npmrc = execFileSync('npm', ['config', 'get', 'userconfig'], { encoding: 'utf8' }).trim()
  const env = Object.entries(process.env).flatMap(([name, value]) => value !== undefined && /^(npm_config_(registry|cafile)|https?_proxy|no_proxy)$/i.test(name) ? [[name, value] as const] : [])
  const authority = process.env['NODE_EXTRA_CA_CERTS'] // in /etc/ssl or /usr, which the root has too
  return { npmrc: existsSync(npmrc) ? npmrc : undefined, env: { ...Object.fromEntries(env), ...authority === undefined ? {} : { NODE_EXTRA_CA_CERTS: authority } } }
}

function readable (path: string): boolean {
  return dirname(path) !== '/etc/ssl/private' && path !== '/etc/ssl/private'
}
