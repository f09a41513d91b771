/** A training loop of MLflow's stock client that sends much faster than its key may: it gets through, as fast as the limit lets it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t from 'tap'
import { connect, head } from '../../helpers/client.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { startMlflow } from '../../../scripts/mlflow/server.js'

t.setTimeout(300_000)

const batches = 200
/** A tenth of the client's pace is allowed, or so much that the loop takes no longer than this on a slow machine. */
const idealMaxSeconds = 32

t.test('10,000 metrics in 200 batches at up to ten times the allowance: no exception, all points stored, within 1.2 of the ideal time', async t => {
  const mlflow = await startMlflow(t, { dir: t.testdir() })
  const facade = await startFacade(t, { mlflowUrl: mlflow.url })
  const free = await facade.createKey('mlflow:write')
  const loop = spawn(mlflow.python, ['test/real/keys/limited.py', `${facade.url}/mlflow`], { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, MLFLOW_TRACKING_TOKEN: free } })
  t.teardown(() => loop.kill())
  const ended = once(loop, 'exit')
  const lines = createInterface({ input: loop.stdout })[Symbol.asyncIterator]()
  const next = async (): Promise<Record<string, number>> => JSON.parse((await lines.next()).value as string) as Record<string, number>

  const { pace = 0 } = await next()
  const ratePerHour = Math.ceil(Math.max(pace / 10, batches / idealMaxSeconds) * 3600)
  const limited = await facade.createKey('mlflow:write', ['--rate', `${ratePerHour}/hour`])
  await useUp(t, facade, limited)
  loop.stdin.end(`${limited}\n`)
  const { seconds = Infinity, points, whole } = await next()
  t.strictSame(await ended, [0, null])
  t.strictSame([points, whole], [10_000, 50])
  const ideal = batches / (ratePerHour / 3600)
  t.comment(`${pace.toFixed(0)} batches a second without a limit, ${(ratePerHour / 3600).toFixed(1)} allowed: ${seconds.toFixed(1)} s where ${ideal.toFixed(1)} s are ideal, ${(seconds / ideal).toFixed(3)} of it`)
  t.ok(seconds / ideal <= 1.2, `${seconds / ideal}`)
  t.ok(seconds / ideal >= 0.95, 'the limit held')
})

/** Calls until the burst is gone, by what the facade answers itself. */
async function useUp (t: { teardown: (fn: () => unknown) => void }, { url }: FacadeProcess, key: string): Promise<void> {
  const call = head('GET /mlflow/ajax-api/2.0/mlflow/users/current', [['Authorization', `Bearer ${key}`]])
  const atOnce = 40
  await Promise.all(Array.from({ length: 4 }, async () => {
    const connection = await connect(t, Number(new URL(url).port))
    for (let isLeft = true; isLeft;) {
      connection.write(call.repeat(atOnce))
      for (let answer = 0; answer < atOnce; answer++) isLeft = (await connection.answer()).status !== 429 && isLeft
    }
    connection.destroy()
  }))
}
