/** Finds the tools that make a Python environment: a Python that is new enough, and uv where there is one. */
import { type Env, run } from './command.js'
import type { PinnedMlflow } from './pinned.js'
import { brokenPython, noPython, noVenv, oldPython } from './problem.js'

export interface Tools {
  /** The interpreter itself: a shim may choose another one in another folder. */
  readonly python: string
  readonly uv: boolean
}

const question = `
import importlib.util, sys
venv = all(importlib.util.find_spec(name) for name in ("venv", "ensurepip"))
print("python", *sys.version_info[:2], "venv" if venv else "bare", sys.executable)
`

/** @throws LocalMlflowError that says what is missing */
export async function findTools (command: string, release: PinnedMlflow, cwd: string, env: Env): Promise<Tools> {
  const answer = await run(command, ['-c', question], { cwd, env }).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' || error.code === 'EACCES' ? noPython(command, release) : brokenPython(command)
  })
  // pyenv's shims are commands that exist without a Python behind them.
  if (answer.code === 127) throw noPython(command, release)
  // A Python too old for the question (2.x) fails in its first line and prints its version when asked.
  const [, major, minor, kit, python] = /^python (\d+) (\d+) (venv|bare) (.+)$/m.exec(answer.output) ?? []
  if (python === undefined) throw await nameUnfit(command, release, cwd, env)
  const [leastMajor, leastMinor] = release.python
  if (Number(major) < leastMajor || (Number(major) === leastMajor && Number(minor) < leastMinor)) {
    throw oldPython(command, `${major}.${minor}`, release)
  }
  const uv = await run('uv', ['--version'], { cwd, env }).then(({ code }) => code === 0, () => false)
  if (!uv && kit === 'bare') throw noVenv(command)
  return { python, uv }
}

async function nameUnfit (command: string, release: PinnedMlflow, cwd: string, env: Env): Promise<Error> {
  const { output } = await run(command, ['--version'], { cwd, env })
  const version = /^Python (\d+\.\d+)/m.exec(output)?.[1]
  return version?.startsWith('2.') === true ? oldPython(command, version, release) : brokenPython(command)
}
