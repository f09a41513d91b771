/** A stand-in for S3, for the operations that need an artifact store which can sign URLs and split uploads. */
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { freePort } from '../../test/helpers/net.js'

export interface Storage {
  readonly bucket: string
  /** What MLflow must be told to find it. */
  readonly env: NodeJS.ProcessEnv
  readonly close: () => Promise<void>
}

export async function startStorage (): Promise<Storage> {
  const { stdout } = await promisify(execFile)('scripts/openapi-storage')
  const [python = '', boto3 = ''] = stdout.trim().split('\n')
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
    env: { MLFLOW_S3_ENDPOINT_URL: url, AWS_ACCESS_KEY_ID: 'proof', AWS_SECRET_ACCESS_KEY: 'proof', AWS_DEFAULT_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true', PYTHONPATH: boto3 }
  }
}
