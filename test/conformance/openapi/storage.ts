/** A stand-in for S3, for the operations that need an artifact store which can sign URLs and split uploads; and parts that an MLflow lacks. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../../../scripts/mlflow/ports.js'

export interface Storage {
  readonly bucket: string
  /** What MLflow must be told to find it. */
  readonly env: NodeJS.ProcessEnv
  /** All that it holds: files and unfinished uploads. */
  readonly list: () => Promise<string>
  readonly close: () => Promise<void>
}

/** @param version of the MLflow that will use it: 3.9.0 lacks what its gateway needs to call anything */
export async function startStorage (version: string): Promise<Storage> {
  const { stdout } = await promisify(execFile)('scripts/mlflow/storage')
  const [python = '', boto3 = ''] = stdout.trim().split('\n')
  const parts = version === '3.9.0' ? [(await promisify(execFile)('scripts/mlflow/parts')).stdout.trim()] : []
  const port = await freePort()
  const child = spawn(python, ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  const url = `http://127.0.0.1:${port}`
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  for (let waited = 0; ; waited += 200) {
    const answer = await fetch(`${url}/artifacts`, { method: 'PUT' }).catch(() => undefined)
    if (answer?.ok === true) break
    if (waited > 60_000 || child.exitCode !== null) {
      await close()
      throw new Error('The stand-in for S3 did not answer in 60 s.')
    }
    await delay(200)
  }
  return {
    bucket: 's3://artifacts',
    close,
    list: async () => (await Promise.all(['?list-type=2', '?uploads'].map(async query => await (await fetch(`${url}/artifacts${query}`)).text()))).join(),
    env: { MLFLOW_S3_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'proof', AWS_SECRET_ACCESS_KEY: 'proof', AWS_DEFAULT_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', PYTHONPATH: [boto3, ...parts].join(delimiter) }
  }
}
