/** The Python environment of an MLflow of our own: made once, used again, and made anew where it is half-made or of another version. */
import { mkdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Finished, run, type Surroundings } from './command.js'
import type { PinnedMlflow } from './pinned.js'
import { failedInstall, fullDisk } from './problem.js'
import type { Tools } from './python.js'

export interface Environment {
  /** Its interpreter. */
  readonly python: string
  /**
   * Whether it is whole, of the wanted version, and its interpreter still runs: an upgrade of the system's Python may
   * have taken it away.
   */
  isReady: () => Promise<boolean>
  /**
   * Makes it.
   * @param step does a part of the work and tells people of it
   * @throws LocalMlflowError that says what to do
   */
  make: (tools: Tools, step: Step) => Promise<void>
}

/** Does some work, and tells people what is being done and how long it took. */
export type Step = <T>(what: string, work: () => Promise<T>) => Promise<T>

/** Fails where a part that MLflow is started by has been taken away; importing them would take seconds. */
const probe = 'import sys; from importlib.util import find_spec; sys.exit(not all(map(find_spec, ("mlflow", "uvicorn", "sqlalchemy"))))'

/** @param folder where it lies or shall lie; nothing else may be in there */
export function environmentIn (folder: string, release: PinnedMlflow, around: Surroundings, keep: (output: string) => void): Environment {
  const python = join(folder, ...process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python'])
  const marker = join(folder, 'hokusai-mlflow.json')
  const content = JSON.stringify({ mlflow: release.version }) + '\n'
  const pin = `mlflow==${release.version}`

  return { python, isReady, make }

  async function isReady (): Promise<boolean> {
    try {
      return readFileSync(marker, 'utf8') === content && (await run(python, ['-c', probe], around)).code === 0
    } catch {
      return false
    }
  }

  async function make ({ uv, python: base }: Tools, step: Step): Promise<void> {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    const free = freeBytes(folder)
    if (free < release.diskBytes) throw fullDisk(release, free)
    await step(`creating a Python environment with ${uv ? 'uv' : 'venv'}`, async () => {
      check(
        await (uv
          ? run('uv', ['venv', '--quiet', '--allow-existing', '--python', base, folder], around)
          : run(base, ['-m', 'venv', folder], around))
      )
    })
    await step(`installing MLflow ${release.version} with ${uv ? 'uv' : 'pip'} (one to three minutes, first start only)`, async () => {
      check(await (uv
        // As pip does: else each start compiles where bytecode may not be written
        ? run('uv', ['pip', 'install', '--quiet', '--compile-bytecode', '--python', python, pin], around)
        : run(python, ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', pin], around)))
      writeFileSync(marker, content)
    })
  }

  function check ({ code, output }: Finished): void {
    if (output !== '') keep(output)
    if (code !== 0) throw failedInstall(output, release, freeBytes(folder))
  }
}

/** Bytes that this user may still write on the disk of a folder. */
export function freeBytes (folder: string): number {
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize
}
