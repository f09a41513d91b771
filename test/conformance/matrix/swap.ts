/** Replaces MLflow 3.9.0 by the newest one on the same port, both with a static prefix, while a client trains through the facade. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { startLoop, type Loop } from '../clients/loop.js'
import { startFacade, untilReady } from '../../../scripts/cleanup.js'
import { mlflowPython, startMlflow } from '../../../scripts/mlflow/server.js'
import { newest } from '../../../src/mlflow/versions.js'

interface Line {
  readonly status?: number
  readonly path?: string
  readonly operation?: string
  readonly mlflow?: { readonly version: string, readonly restUnderPrefix: boolean }
}

/** @returns a row for each promise, with what broke it */
export async function swap (stage: { teardown: (fn: () => unknown) => void }, dir: string): Promise<Array<{ uri: string, check: string, problem: string | null }>> {
  const python = await mlflowPython(newest)
  const mlflow = await startMlflow(stage, { version: '3.9.0', dir, args: ['--static-prefix', '/mlflow'] })
  const facade = await startFacade(stage, `${mlflow.url}/mlflow`, join(dir, 'facade'))
  await untilReady(facade.url)
  const loop = await startLoop(stage, python, `${facade.url}/mlflow`, facade.key)
  await moreSteps(loop, 10)
  await mlflow.stop()
  await promisify(execFile)(python, ['-m', 'mlflow', 'db', 'upgrade', `sqlite:///${join(dir, 'mlflow.db')}`], { cwd: dir })
  await mlflow.start(newest)
  await untilReady(facade.url)
  await moreSteps(loop, 10)
  const { acknowledged, lost, failed } = await loop.end()
  const version = await (await fetch(`${facade.url}/mlflow/version`)).text()
  await facade.stop()

  const lines = (await readFile(facade.logFile, 'utf8')).split('\n').filter(line => line !== '').map(line => JSON.parse(line) as Line)
  // The client of 3.18 asks what the server is set up for before it uploads; 3.9.0 does not know the question.
  const isExpected = ({ status, operation }: Line): boolean => operation === 'ready' || (operation === 'getServerInfo' && status === 404)
  const statuses = new Set(lines.flatMap(line => line.status === undefined || line.operation === undefined || isExpected(line) ? [] : [line.status]))
  const layouts = lines.flatMap(line => line.mlflow ?? [])
  const row = (check: string, problem: string): { uri: string, check: string, problem: string | null } => ({ uri: '/mlflow', check, problem: problem === '' ? null : problem })
  return [
    row('nothing acknowledged is lost', acknowledged === 0 ? 'nothing was acknowledged' : lost.join(', ')),
    row('the client sees no error', failed.join(', ')),
    row('nothing but retried 502 and 503', [...statuses].filter(status => status >= 400 && status !== 502 && status !== 503).join(', ')),
    row('the outage was seen', statuses.has(502) || statuses.has(503) ? '' : 'no 502 and no 503'),
    row('the newer layout is recognised', layouts.some(layout => !layout.restUnderPrefix) && layouts.at(-1)?.restUnderPrefix === true && version === newest ? '' : JSON.stringify(layouts))
  ]
}

/** The client's own back-off doubles up to two minutes. */
async function moreSteps (loop: Loop, count: number): Promise<void> {
  const wanted = loop.steps() + count
  for (const deadline = performance.now() + 180_000; loop.steps() < wanted; await delay(100)) {
    if (performance.now() > deadline) throw new Error(`The loop stands at step ${loop.steps()}.`)
  }
}
