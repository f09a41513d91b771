/** An MLflow of our own for when none is configured: prepared in DATA_DIR, started, kept running, and stopped with the facade. */
import { chmodSync, mkdirSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { settings } from '../../core/settings/settings.js'
import { type Address, chooseAddress } from './address.js'
import type { Env } from './command.js'
import { createDatabase, databaseFault, databaseName, schemaIn, upgradeDatabase } from './database.js'
import { type Environment, environmentIn } from './environment.js'
import { openRotatingLog } from './rotating-log.js'
import { keep } from './supervisor.js'
import { endLeftOver } from './pid-file.js'
import { pinned, type PinnedMlflow } from './pinned.js'
import { colonInFolder, LocalMlflowError, unusableFolder } from './problem.js'
import { findTools, type Tools } from './python.js'

export interface LocalOptions {
  readonly dataDir: string
  /** Command of the Python that makes its environment. */
  readonly python: string
  /** Where commands are looked up and proxies are named; our own settings and MLflow's are not passed on. */
  readonly env: Env
  /** Takes a line for people: progress, and what goes wrong. */
  readonly log: (line: string) => void
  /** Whether a database of an older MLflow may be upgraded; a backup is made first. */
  readonly allowUpgrade: boolean
  /** Milliseconds of a clock that only goes forward. */
  readonly now?: () => number
  readonly release?: PinnedMlflow
}

export interface LocalState {
  readonly phase: 'preparing' | 'ready' | 'restarting' | 'stopped'
  /** Why it cannot be used, for `/ready`: no path and no address. Undefined when it is ready. */
  readonly reason: string | undefined
}

export interface LocalMlflow {
  /** Where it listens; undefined where only the port of the URL will do. */
  readonly socketPath: string | undefined
  readonly url: URL
  state: () => LocalState
  /** Begins to prepare and start it. */
  start: () => void
  /** Ends it with all of its processes, also while it is being prepared. */
  stop: () => Promise<void>
}

/** What the network or a full disk spoiled may go well later. */
const retryMs = 30_000
const tellEveryMs = 4_000

/**
 * Looks whether it can be prepared, and resolves with the place where it will listen.
 * @throws LocalMlflowError for what cannot recover by itself: Python is missing or too old, the database is of an older
 * MLflow, DATA_DIR cannot be written
 */
export async function openLocalMlflow (options: LocalOptions): Promise<LocalMlflow> {
  const { dataDir, log, allowUpgrade, now = () => performance.now(), release = pinned } = options
  const stopping = new AbortController()
  const home = makeHome(dataDir)
  const ownLog = openRotatingLog(join(resolve(dataDir), 'mlflow.log'))
  const pidFile = join(home, 'mlflow.pid')
  const around = { cwd: home, env: childEnv(options.env), signal: stopping.signal, pidFile }
  const environment = environmentIn(join(home, 'venv'), release, around, ownLog.write)

  if (await endLeftOver(pidFile)) log('Ended an MLflow left over from an earlier crash.')
  const fault = databaseFault(home, release, allowUpgrade)
  if (fault !== undefined) throw fault
  const tools = await environment.isReady() ? undefined : await findTools(options.python, release, process.cwd(), around.env)
  const address = await chooseAddress(home)
  let state: LocalState = { phase: 'preparing', reason: 'preparing MLflow' }
  let running: Promise<void> | undefined

  return {
    start () { running ??= prepareAndKeep() },
    socketPath: address.socketPath,
    url: address.url,
    state: () => state,
    async stop () {
      stopping.abort()
      await running
      address.close()
      state = { phase: 'stopped', reason: 'MLflow was stopped' }
      ownLog.close()
    }
  }

  async function prepareAndKeep (): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        await prepare(environment, tools)
        await keepRunning(address)
      } catch (error) {
        if (stopping.signal.aborted) return
        const problem =
          error instanceof LocalMlflowError
            ? error.message
            : `MLflow could not be prepared (${(error as NodeJS.ErrnoException).code ?? String(error)}).`
        state = { phase: 'preparing', reason: problem }
        log(`${problem} Retrying in ${retryMs / 1000} s.`)
        await delay(retryMs, undefined, { signal: stopping.signal }).catch(() => {})
      }
    }
  }

  async function prepare (environment: Environment, tools: Tools | undefined): Promise<void> {
    if (tools !== undefined) log(`Preparing MLflow ${release.version} in DATA_DIR:`)
    if (tools !== undefined && !await environment.isReady()) {
      begin('installing')
      await environment.make(tools, step)
    }
    const schema = schemaIn(home)
    if (schema === release.schema) return
    begin(schema === undefined ? 'creating its database' : 'upgrading its database')
    if (schema === undefined) {
      await step('making MLflow\'s database', async () => await createDatabase(home, environment.python, around, ownLog.write))
    } else {
      const backup = await step(
        `upgrading MLflow's database from schema ${schema}`,
        async () => await upgradeDatabase(home, environment.python, release, around, ownLog.write)
      )
      log(`  backup of the old database: mlflow/backups/${backup} in DATA_DIR`)
    }
  }

  async function keepRunning ({ args, isUp }: Address): Promise<void> {
    begin('starting')
    log(`Starting MLflow ${release.version} (10 to 60 s).`)
    const quiet = stillAt(`starting MLflow ${release.version}`)
    await keep({
      program: environment.python,
      args: ['-m', 'mlflow', 'server', '--backend-store-uri', `sqlite:///${databaseName}`, '--artifacts-destination', './artifacts', '--serve-artifacts', '--workers', '1', ...args],
      cwd: home,
      env: around.env,
      pidFile,
      write: ownLog.write,
      isUp,
      now,
      onUp (startedInMs) {
        quiet()
        state = { phase: 'ready', reason: undefined }
        log(`MLflow ${release.version} is ready (started in ${seconds(startedInMs)}).`)
      },
      onDown (how, restartInMs) {
        state = { phase: 'restarting', reason: `MLflow exited (${how}) and is being restarted` }
        log(`MLflow exited (${how}): see mlflow.log in DATA_DIR. Restarting it in ${seconds(restartInMs)}.`)
      }
    }, stopping.signal).finally(quiet)
  }

  function begin (what: string): void {
    state = { phase: 'preparing', reason: `preparing MLflow (${what})` }
  }

  /** Tells every few seconds that something goes on, until the function that it returns is called. */
  function stillAt (what: string): () => void {
    const startedAt = now()
    const telling = setInterval(() => log(`  … still ${what}: ${seconds(now() - startedAt)}`), tellEveryMs).unref()
    return () => clearInterval(telling)
  }

  async function step<T> (what: string, work: () => Promise<T>): Promise<T> {
    const startedAt = now()
    log(`  ${what}`)
    const quiet = stillAt(what.replace(/ \(.*/, ''))
    try {
      const result = await work()
      log(`  done in ${seconds(now() - startedAt)}`)
      return result
    } finally {
      quiet()
    }
  }
}

/** The folder of MLflow within DATA_DIR; nobody else may enter it, for MLflow's socket in it is open to everyone. */
function makeHome (dataDir: string): string {
  const home = join(resolve(dataDir), 'mlflow')
  if (home.includes(delimiter)) throw colonInFolder()
  try {
    mkdirSync(home, { recursive: true })
    chmodSync(home, 0o700)
    return home
  } catch (error) {
    throw unusableFolder((error as NodeJS.ErrnoException).code ?? 'unknown')
  }
}

/** MLflow must not see our secrets, nor what a shell exports for MLflow's client, such as a tracking URI or a static prefix. */
function childEnv (env: Env): Env {
  const ours = new Set(Object.entries(settings).flatMap(([name, { secret }]) => secret === true ? [name, `${name}_FILE`] : [name]))
  const kept = Object.entries(env).filter(
    ([name]) => !ours.has(name) && !/^_?MLFLOW_|^HOKUSAI_|^PYTHON(PATH|HOME)$|^VIRTUAL_ENV$/.test(name)
  )
  return {
    ...Object.fromEntries(kept),
    MLFLOW_DISABLE_TELEMETRY: 'true',
    // Its runner would call MLflow over a port, where nothing listens.
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION: 'false'
  }
}

function seconds (ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}
