/** `hokusai-mlflow verify`: the smoke test of a deployment, usable as a canary. */
import { checks, type Deployment } from '../verify/checks.js'
import { openCaller, type Caller } from '../verify/http.js'
import { roundTrip, type Step } from '../verify/roundtrip.js'
import { parse, printJson, UsageError, type Command } from './command.js'
import { type Io } from '../core/io.js'
import { options } from './options.js'

interface Row {
  readonly check: string
  readonly status: 'ok' | 'failed' | 'skipped'
  readonly ms: number
  readonly message: string
}

export const verify: Command = {
  usage: `Usage: hokusai-mlflow verify BASE_URL --key KEY [OPTIONS]

Tests what a deployment promises: mounts, redirects, refusals, health, the OpenAPI
document. Then registers a model as a client would, and deletes it again. Prints
one row per check, or a single one where nothing answers.

  BASE_URL     origin of the deployment, such as https://registry.example.org
  --key KEY    a key with mlflow:write; default HOKUSAI_API_KEY
  --read-only  skip the round trip; a key with mlflow:read is enough
  --platform   the host also serves another API, through PLATFORM_UPSTREAM_URL or a
               load balancer's rules, which answers unknown paths instead of a 404
  --connect-to HOST:PORT
               connect there instead of to BASE_URL's host, but send that host's
               name: for a deployment that DNS does not point to yet
  --json       {"baseUrl", "ok", "rows": [{"check", "status", "ms", "message"}]}

Exit codes: 0 all checks passed, 1 some failed, 2 wrong usage.`,
  async run (args, io) {
    const { values, positionals } = parse({ args, allowPositionals: true, options: options.verify })
    const base = readBase(positionals)
    const key = values.key ?? io.env['HOKUSAI_API_KEY'] ?? ''
    if (key === '') throw new UsageError('verify needs a key: --key KEY, or HOKUSAI_API_KEY.')
    const caller = openCaller(base, readPlace(values['connect-to']))
    const rows: Row[] = []
    const add = (row: Row): void => {
      rows.push(row)
      if (!values.json) io.stdout.write(line(row, io))
    }
    await verifyAll(caller, key, { readOnly: values['read-only'], hasPlatform: values.platform }, add)
    await caller.close()
    const ok = rows.every(row => row.status !== 'failed')
    if (values.json) printJson(io, { baseUrl: base.origin, ok, rows })
    else {
      io.stderr.write(
        ok
          ? `All checks of ${base.origin} passed.\n`
          : `${rows.filter(row => row.status === 'failed').length} of ${rows.length} checks failed.\n`
      )
    }
    return ok ? 0 : 1
  }
}

async function verifyAll (
  caller: Caller,
  key: string,
  { readOnly, ...deployment }: Deployment & { readonly readOnly: boolean },
  add: (row: Row) => void
): Promise<void> {
  const reached = await attempt(reach(caller))
  if (reached.status === 'failed') {
    add(reached)
    return
  }
  for (const { id, promise, run } of checks) add(await attempt({ id, promise, run: async () => await run(caller, key, deployment) }))
  if (readOnly) return
  const { steps, cleanUp } = roundTrip(caller, key)
  let done = 0
  for (const step of steps) {
    const row = done < steps.indexOf(step) ? skipped(step, 'an earlier step failed') : await attempt(step)
    if (row.status === 'ok') done++
    add(row)
  }
  for (const step of cleanUp) add(done === 0 ? skipped(step, 'nothing was made') : await attempt(step))
}

function skipped ({ id }: Step, message: string): Row {
  return { check: id, status: 'skipped', ms: 0, message }
}

/** Where nothing answers, all checks would fail for the same reason. */
function reach (caller: Caller): Step {
  const remedy = 'check the address, its name in DNS, that it runs, and its certificate; --connect-to names another place'
  return {
    id: 'reach',
    promise: 'it answers',
    run: async () => await caller.call('/live').then(() => undefined, (error: unknown) => `nothing answers there (${reasonOf(error)}): ${remedy}`)
  }
}

function reasonOf (error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error as Error).name
}

async function attempt ({ id, promise, run }: Step): Promise<Row> {
  const startedAt = performance.now()
  const problem = await run().catch((error: unknown) => `no answer (${reasonOf(error)})`)
  return {
    check: id,
    status: problem === undefined ? 'ok' : 'failed',
    ms: Math.round(performance.now() - startedAt),
    message: problem ?? promise
  }
}

function line ({ check, status, ms, message }: Row, io: Io): string {
  const colour = { ok: 32, failed: 31, skipped: 33 }[status]
  const word = status.padEnd(7)
  return `${io.stdout.isTTY === true ? `\u001b[${colour}m${word}\u001b[0m` : word}  ${`${ms} ms`.padStart(8)}  ${check.padEnd(44)}  ${message}\n`
}

function readPlace (given: string | undefined): { hostname: string, port: string } | undefined {
  if (given === undefined) return undefined
  const [, hostname, port] = /^([\w.-]+|\[[\da-fA-F:]+\]):(\d{1,5})$/.exec(given) ?? []
  if (hostname === undefined || port === undefined) throw new UsageError(`--connect-to takes HOST:PORT, not ${given}.`)
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port }
}

function readBase (positionals: readonly string[]): URL {
  const [given, ...more] = positionals
  if (given === undefined || more.length > 0) throw new UsageError('verify needs one BASE_URL.')
  if (!URL.canParse(given) || !/^https?:$/.test(new URL(given).protocol)) {
    throw new UsageError(`"${given}" is not an http:// or https:// URL.`)
  }
  const base = new URL(given)
  if (base.pathname !== '/' || base.search !== '') throw new UsageError('BASE_URL is an origin: omit the path.')
  return base
}
