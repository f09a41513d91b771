/** A machine of a test's own: a PATH that holds only what the test puts there. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join, resolve } from 'node:path'
import type { Env } from '../../../src/mlflow/managed/command.js'
import { type LocalMlflow, type LocalOptions, openLocalMlflow } from '../../../src/mlflow/managed/mlflow.js'

interface Test {
  testdir: () => string
  teardown: (fn: () => unknown) => void
}

export interface Machine {
  readonly dataDir: string
  readonly env: Env
  /** The lines for people so far. */
  readonly lines: string[]
  /** Calls of the fake tools so far. */
  calls: () => string[]
  open: (options?: Partial<LocalOptions>) => Promise<LocalMlflow>
  /** Resolves with the line, from those that come after this call. */
  line: (pattern: RegExp) => Promise<string>
}

/** @param tools scripts by the name of the command; `fake` for the stand-in of that name */
export function machine (t: Test, tools: Readonly<Record<string, string>>, more: Env = {}): Machine {
  const folder = t.testdir()
  const bin = join(folder, 'bin')
  const calls = join(folder, 'calls')
  mkdirSync(bin)
  writeFileSync(calls, '')
  for (const [name, script] of Object.entries(tools)) {
    const body = script === 'fake' ? `exec "${process.execPath}" "${resolve('test/process/managed/fake-tool.mjs')}" ${name === 'uv' ? 'uv' : 'python'} "$@"` : script
    writeFileSync(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 })
  }
  const lines: string[] = []
  const listeners = new Set<(line: string) => void>()
  const env = { PATH: bin, FAKE_CALLS: calls, ...more }
  const dataDir = join(folder, 'data')
  const opened: LocalMlflow[] = []
  t.teardown(async () => await Promise.all(opened.map(async local => await local.stop())))
  return {
    dataDir,
    env,
    lines,
    calls: () => readFileSync(calls, 'utf8').split('\n').filter(call => call !== ''),
    async open (options = {}) {
      const local = await openLocalMlflow({
        dataDir,
        python: 'python3',
        env,
        allowUpgrade: false,
        log (line) {
          lines.push(line)
          for (const listener of listeners) listener(line)
        },
        ...options
      })
      opened.push(local)
      local.start()
      return local
    },
    line: async pattern => await new Promise(resolve => {
      listeners.add(function listen (line) {
        if (!pattern.test(line)) return
        listeners.delete(listen)
        resolve(line)
      })
    })
  }
}

/** Asks a local MLflow something and gives the text of the answer. */
export async function ask (local: LocalMlflow, path: string): Promise<string> {
  const where = local.socketPath === undefined ? { port: Number(local.url.port) } : { socketPath: local.socketPath }
  return await new Promise((resolve, reject) => {
    request({ ...where, path, agent: false, headers: { host: local.url.host } }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).once('end', () => resolve(text))
    }).once('error', reject).end()
  })
}
