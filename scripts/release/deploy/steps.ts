/** The steps of a deployment, and the way back. What an operator would type is run as the command that it is. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import { openCaller } from '../../../src/verify/http.js'
import { mlflowPython, startMlflow, type Mlflow } from '../../mlflow/server.js'
import { startFacade, untilReady, type Facade, type Stage } from '../../cleanup.js'
import { consumers, startPlatform, type Platform } from './platform.js'

/** The version that the platform runs. */
export const production = '3.9.0'
/** The origin that people use. */
const origin = 'http://registry.hokus.ai'

const command = 'dist/cli/main.js'
const rules = { before: 'deploy/alb/before.json', after: 'deploy/alb/after.json', expectations: 'deploy/alb/expectations.yaml' }

export interface Step {
  readonly id: string
  /** What holds when it is through. */
  readonly promise: string
  readonly run: () => Promise<void>
}

export interface Deployment {
  readonly steps: readonly Step[]
  /** The old rules again, and the check that nobody has lost anything. @throws Error when somebody has */
  readonly rollBack: () => Promise<void>
  /** How to use what is up. */
  readonly greeting: () => string
}

export interface DeploymentOptions {
  readonly folder: string
  /** Port of the HTTP listener; the HTTPS listener has the next one. */
  readonly port: number
  readonly mlflowVersion: string
}

export function openDeployment (stage: Stage, { folder, port, mlflowVersion }: DeploymentOptions): Deployment {
  let platform: Platform | undefined
  let mlflow: Mlflow | undefined
  let facade: Facade | undefined
  let balancer: Balancer | undefined
  let answersBefore: unknown

  const steps: readonly Step[] = [
    step('rules', 'the new rules have no conflict, send every expected request to its target, and move the registry\'s host alone to the facade', async () => {
      await hokusai(['routes', 'check', rules.after])
      await hokusai(['routes', 'test', rules.after, rules.expectations])
      await onlyToFacade()
    }),
    step('platform', 'its API and auth service answer behind the old rules', async () => {
      platform = await startPlatform(stage)
      await switchTo('before')
      answersBefore = await askConsumers()
    }),
    step('mlflow', `MLflow ${mlflowVersion} runs with a static prefix and a host list, as in production`, async () => {
      mlflow = await startMlflow(stage, { version: mlflowVersion, dir: join(folder, 'mlflow'), args: ['--static-prefix', '/mlflow', '--allowed-hosts', 'registry.hokus.ai,127.0.0.1:*,localhost:*'] })
      await switchTo('before')
    }),
    step('facade', 'beside it, not public yet, the facade keeps its promises', async () => {
      facade = await startFacade(stage, `${present(mlflow).url}/mlflow`, join(folder, 'facade'), {
        key: present(platform).key,
        // Keys are checked through the same load balancer: rules that cut the auth service off would show here.
        env: { HOKUSAI_AUTH_SERVICE_URL: door(), TRUST_PROXY: '127.0.0.1' }
      })
      await untilReady(facade.url)
      await verify(facade.url)
    }),
    step('switch', 'the new rules are in force', async () => await switchTo('after')),
    step('verify', 'both listeners keep every promise under the public name', async () => {
      await verify(origin, ['--platform', '--connect-to', `127.0.0.1:${port}`])
      await verify(origin, ['--platform', '--connect-to', `127.0.0.1:${port + 1}`, '--read-only'])
    }),
    step('consumers', 'every old consumer gets what it got before', sameForConsumers),
    step('register', 'test_real_registration.py passes on the new path and on the old one', async () => {
      await register([])
      await register(['--legacy'])
    })
  ]

  async function rollBack (): Promise<void> {
    if (platform === undefined) return
    await switchTo('before')
    await sameForConsumers()
    await facade?.stop()
  }

  /** The load balancer under one of the two sets of rules; targets that are not up are the platform, which knows nothing of MLflow. */
  async function switchTo (which: 'before' | 'after'): Promise<void> {
    await balancer?.stop()
    const api = present(platform).url
    const targets = which === 'before' ? { api, mlflow: mlflow?.url ?? api } : { api, 'mlflow-facade': present(facade).url }
    balancer = await startBalancer(stage, rules[which], port, targets)
  }

  async function sameForConsumers (): Promise<void> {
    const answersNow = await askConsumers()
    if (answersBefore !== undefined && !isDeepStrictEqual(answersNow, answersBefore)) throw new Error(`consumers see a difference: ${JSON.stringify(answersBefore)} before, ${JSON.stringify(answersNow)} now`)
  }

  async function askConsumers (): Promise<unknown> {
    const answers: unknown[] = []
    for (const { host, method, path } of consumers) {
      for (const at of [port, port + 1]) {
        const caller = openCaller(new URL(`http://${host}`), { hostname: '127.0.0.1', port: String(at) })
        const { status, body } = await caller.call(path, method === 'GET' ? {} : { method, send: { some: 'thing' } })
        answers.push([host, method, path, at, status, body.toString()])
        await caller.close()
      }
    }
    return answers
  }

  async function verify (base: string, more: readonly string[] = []): Promise<void> {
    await hokusai(['verify', base, ...more], { HOKUSAI_API_KEY: present(platform).key })
  }

  /** The script finds the host by the proxy that its environment names, which is the simulated load balancer. */
  async function register (more: readonly string[]): Promise<void> {
    const python = await mlflowPython(mlflowVersion)
    await run(python, ['scripts/test_real_registration.py', '--base-url', origin, '--cleanup', ...more], { HOKUSAI_API_KEY: present(platform).key, http_proxy: door(), no_proxy: '' })
  }

  function door (): string {
    return `http://127.0.0.1:${port}`
  }

  return {
    steps,
    rollBack,
    greeting: () => `The platform is up at ${door()} (HTTP) and http://127.0.0.1:${port + 1} (HTTPS, TLS left away). Its names work through it as a proxy:

  export http_proxy=${door()} MLFLOW_TRACKING_URI=${origin}/mlflow MLFLOW_TRACKING_TOKEN=${present(platform).key}
  curl -H "Authorization: Bearer $MLFLOW_TRACKING_TOKEN" ${origin}/whoami
`
  }
}

interface Balancer { readonly stop: () => Promise<void> }

async function startBalancer (stage: Stage, file: string, port: number, targets: Readonly<Record<string, string>>): Promise<Balancer> {
  const child = spawn(process.execPath, [command, 'routes', 'simulate', file, '--port', String(port), ...Object.entries(targets).flatMap(([name, url]) => ['--target', `${name}=${url}`])], { stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'exit')
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text })
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  stage.teardown(stop)
  const first = await Promise.race([once(child.stdout, 'data'), ended.then(() => undefined)])
  if (first === undefined) throw new Error(`the simulator ended: ${said.trim()}`)
  return { stop }
}

/** What moves must move to the facade, or be the overreach of /api* that goes. @throws Error that names anything else */
async function onlyToFacade (): Promise<void> {
  const printed = await run(process.execPath, [command, 'routes', 'diff', rules.before, rules.after, '--json'], {}, [0, 1])
  const { changes } = JSON.parse(printed) as { changes: ReadonlyArray<{ after: string, witness: { url: string } }> }
  const other = changes.filter(({ after, witness }) => after !== 'mlflow-facade' && !/^https?:\/\/[^/]+\/api[^/]/.test(witness.url))
  if (other.length > 0) throw new Error(`the change moves more than MLflow: ${JSON.stringify(other)}`)
}

async function hokusai (argv: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return await run(process.execPath, [command, ...argv], env)
}

/** @throws Error with what the command printed, unless it ends with one of these codes */
async function run (program: string, argv: readonly string[], env: NodeJS.ProcessEnv, fine: readonly number[] = [0]): Promise<string> {
  const own = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(MLFLOW_|HOKUSAI_)|_proxy$/i.test(name) || name === 'MLFLOW_VENVS'))
  return await promisify(execFile)(program, argv, { env: { ...own, ...env }, maxBuffer: 2 ** 26 }).then(({ stdout }) => stdout, (error: Error & { code?: number, stdout?: string, stderr?: string }) => {
    if (fine.includes(error.code ?? -1)) return error.stdout ?? ''
    const failed = (error.stdout ?? '').split('\n').filter(line => /failed|FAILED/.test(line)).join('\n')
    throw new Error(`${argv.join(' ')} ended with ${error.code ?? 'a signal'}: ${failed || (error.stderr ?? '')}`)
  })
}

function step (id: string, promise: string, run: Step['run']): Step {
  return { id, promise, run }
}

/** What an earlier step has made. */
function present<T> (part: T | undefined): T {
  if (part === undefined) throw new Error('an earlier step did not run')
  return part
}
