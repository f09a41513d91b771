#!/usr/bin/env node
/**
 * `npm start`: compiles what has changed, if anything, and starts the server in this process. In JavaScript, since it runs before
 * anything is compiled. Usage: npm start -- [OPTIONS of hokusai-mlflow start]
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'

const top = join(import.meta.dirname, '..')
const program = join(top, 'dist', 'cli', 'main.js')
const stamp = join(top, 'dist', '.tsbuildinfo')

/** What the compiled program is made from. */
const sources = ['src', 'packages/alb-rules/src', 'tsconfig.json', 'tsconfig.build.json', 'packages/alb-rules/tsconfig.build.json', 'package.json']

/** @param {string} path of a file or a folder, from the top. @returns {number} milliseconds since 1970 */
function newest (path) {
  const found = statSync(join(top, path))
  if (!found.isDirectory()) return found.mtimeMs
  return Math.max(found.mtimeMs, ...readdirSync(join(top, path)).map(name => newest(join(path, name))))
}

/** @returns {string | undefined} why there is something to compile */
function reason () {
  const made = [program, stamp, join(top, 'packages', 'alb-rules', 'dist', 'index.js'), join(top, 'dist', 'console', 'main.js')]
  if (!made.every(file => existsSync(file))) return 'nothing is compiled yet'
  return Math.max(...sources.map(newest)) > statSync(stamp).mtimeMs ? 'sources have changed' : undefined
}

const why = reason()
if (why !== undefined) {
  const startedAt = performance.now()
  process.stderr.write(`Compiling TypeScript: ${why} (up to a minute on a slow machine).\n`)
  // A shell tells that it goes on, since this process waits.
  const watched = 'while sleep 4; do echo "  … still compiling" >&2; done & telling=$!; trap "kill $telling" EXIT; node_modules/.bin/tsc -b tsconfig.build.json'
  const { status } = spawnSync('sh', ['-c', watched], { cwd: top, stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
  utimesSync(stamp, new Date(), new Date())
  process.stderr.write(`Compiled in ${Math.round((performance.now() - startedAt) / 100) / 10} s.\n`)
}
process.stderr.write('Starting the facade.\n')
process.argv = [process.argv[0] ?? 'node', program, 'start', ...process.argv.slice(2)]
await import(program)
