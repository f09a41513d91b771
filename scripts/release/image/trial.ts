/** Starts what a Dockerfile's steps made as an orchestrator would, and looks whether it keeps its promises. */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { startIn } from './sandbox.js'

export interface Image {
  readonly root: string
  readonly command: readonly string[]
  /** The command of its health check. */
  readonly health: readonly string[]
  readonly user: string
  readonly env: Readonly<Record<string, string>>
  readonly port: number
}

export interface Result {
  readonly promise: string
  readonly kept: boolean
  readonly seen: string
}

export async function tryImage (image: Image): Promise<Result[]> {
  const { root, command, health, port } = image
  const results: Result[] = []
  const note = (promise: string, kept: boolean, seen: string): void => { results.push({ promise, kept, seen }) }

  const bare = await finish(start(image, command))
  note('MLFLOW_UPSTREAM_URL is required', bare.code === 2 && bare.output.includes('MLFLOW_UPSTREAM_URL') && !bare.output.includes('    at '), `exit ${bare.code}`)

  const version = await finish(start(image, ['node', '--version']))
  note('it runs on Node 24', version.output.startsWith('v24.'), version.output.trim())

  const extras = ['node_modules/typescript', 'node_modules/tap', 'test', 'src', 'scripts', '.build', 'packages/alb-rules/src', '.git'].filter(path => existsSync(join(root, 'app', path)))
  note('production dependencies and compiled sources only', extras.length === 0, extras.length === 0 ? 'nothing else' : extras.join(', '))

  const writing = await finish(start(image, ['/bin/sh', '-c', 'id -u; touch /data/x && rm /data/x && echo data; touch /tmp/x && echo tmp; touch /app/x || touch /x || echo nowhere else']))
  note('it is not root, and writes to /data and /tmp only', /^1000\ndata\ntmp\n[^]*nowhere else/.test(writing.output), `user ${writing.output.split('\n')[0]}`)

  const server = start(image, command, { MLFLOW_UPSTREAM_URL: 'http://127.0.0.1:9' })
  const ended = finish(server)
  note('it starts without MLflow, with a read-only root', await isLive(port, server), '/live')
  const key = await finish(start(image, ['/bin/sh', '-c', 'stat -c %a /data/admin-key && cat /data/admin-key']))
  note('the first key lies in /data, for its user alone', /^600\nhk_live_/.test(key.output), `mode ${key.output.split('\n')[0]}`)
  const listed = await finish(start(image, ['hokusai-mlflow', 'keys', 'list', '--json']))
  note('the command line works beside the server', listed.code === 0, `exit ${listed.code}`)
  const exported = await finish(start(image, ['/bin/sh', '-c', 'cd /tmp && hokusai-mlflow routes export --format alb']))
  note('the platform\'s rules can be analysed in it', exported.code === 0 && exported.output.startsWith('{'), `exit ${exported.code}`)
  const healthy = await finish(start(image, health))
  note('its health check passes', healthy.code === 0, `exit ${healthy.code}`)
  server.kill('SIGTERM')
  const { code } = await ended
  note('SIGTERM ends it in order', code === 0, `exit ${code}`)
  const dead = await finish(start(image, health))
  note('its health check fails when it is gone', dead.code === 1, `exit ${dead.code}`)
  return results
}

function start ({ root, user, env }: Image, command: readonly string[], more: Readonly<Record<string, string>> = {}): ChildProcess {
  return startIn(root, command, { cwd: '/app', user, readOnly: true, env: { ...env, ...more } })
}

async function finish (child: ChildProcess): Promise<{ code: number | null, output: string }> {
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => { output += chunk })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => { output += chunk })
  const [code] = await once(child, 'close') as [number | null]
  return { code, output }
}

async function isLive (port: number, server: ChildProcess): Promise<boolean> {
  while (server.exitCode === null) {
    const answer = await fetch(`http://127.0.0.1:${port}/live`).catch(() => undefined)
    if (answer?.ok === true) return true
    await delay(200)
  }
  return false
}
