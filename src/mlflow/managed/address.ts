/**
 * Where an MLflow of our own listens: on a unix socket in a folder that only its user may enter, since it has no key;
 * on a loopback port where there are no such sockets.
 */
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface Address {
  readonly socketPath: string | undefined
  /** MLflow's Host check lets `localhost` through as it is (3.5 and later). */
  readonly url: URL
  /** What `mlflow server` is told. */
  readonly args: readonly string[]
  /** Asks for `/health`; false where nothing answers. */
  isUp: () => Promise<boolean>
  /** Takes away what was made for it. */
  close: () => void
}

const uvicornOptions = '--no-access-log' // the facade writes a line for every request already

/** sockaddr_un holds 108 bytes on Linux and 104 elsewhere, with a null at the end. */
const socketPathMaxBytes = 103
const socketName = 'mlflow.sock'
const noteName = 'mlflow.sock.path'
const askTimeoutMs = 2000

/** @param folder one that nobody else may enter: uvicorn opens its socket to everyone */
export async function chooseAddress (folder: string, platform: NodeJS.Platform = process.platform): Promise<Address> {
  const socketPath = platform === 'win32' ? undefined : socketIn(folder)
  const port = socketPath === undefined ? await freePort() : 5000 // said to MLflow, but not listened on where there is a socket
  const url = new URL(socketPath === undefined ? `http://127.0.0.1:${port}` : 'http://localhost')
  const options = socketPath === undefined ? uvicornOptions : `${uvicornOptions} --uds '${socketPath.replaceAll("'", "'\"'\"'")}'`
  return {
    socketPath,
    url,
    args: ['--host', '127.0.0.1', '--port', String(port), '--uvicorn-opts', options],
    isUp: async () => await answers(socketPath === undefined ? { host: '127.0.0.1', port } : { socketPath }),
    close () {
      if (socketPath === undefined) return
      rmSync(dirname(socketPath) === folder ? socketPath : dirname(socketPath), { recursive: true, force: true })
      rmSync(join(folder, noteName), { force: true })
    }
  }
}

/** The socket of an MLflow that may be running, for those who did not start it. */
export function socketAt (folder: string): string | undefined {
  return [join(folder, socketName), noted(folder)].find(path => path !== undefined && existsSync(path))
}

/**
 * In the folder, or in a new one of the system's temporary folder (mode 0700) where the path is too long; undefined
 * where that is too long as well.
 */
function socketIn (folder: string): string | undefined {
  const fits = (path: string): boolean => Buffer.byteLength(path) <= socketPathMaxBytes
  const near = join(folder, socketName)
  if (fits(near)) return near
  const far = join(realpathSync(tmpdir()), 'hokusai-mlflow-')
  const left = noted(folder)
  if (left?.startsWith(far) === true) rmSync(dirname(left), { recursive: true, force: true }) // by a crash
  if (!fits(join(`${far}XXXXXX`, socketName))) return undefined
  const path = join(mkdtempSync(far), socketName)
  writeFileSync(join(folder, noteName), path)
  return path
}

/** Where the socket is, if not in the folder itself. */
function noted (folder: string): string | undefined {
  try { return readFileSync(join(folder, noteName), 'utf8') } catch { return undefined }
}

async function answers (where: { socketPath: string } | { host: string, port: number }): Promise<boolean> {
  return await new Promise(resolve => {
    const asked = request({ ...where, path: '/health', agent: false, timeout: askTimeoutMs }, answer => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => resolve(false))
    asked.once('close', () => resolve(false))
    asked.end()
  })
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
