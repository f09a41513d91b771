/** `hokusai-mlflow explain`: what would become of a request, without sending it. */
import { join, resolve } from 'node:path'
import { buildApp } from '../app.js'
import type { Io } from '../core/io.js'
import { reasons } from '../core/reasons.js'
import type { Config } from '../core/settings/config.js'
import type { Explanation } from '../explain/explanation.js'
import { toQuestion } from '../explain/question.js'
import { openRehearsal, type Question } from '../explain/rehearsal.js'
import type { KeyRecord } from '../keys/contract.js'
import { openLimits } from '../keys/limits/open.js'
import { socketAt } from '../mlflow/managed/address.js'
import { watch } from '../mlflow/monitor.js'
import { openUpstream } from '../mlflow/pool.js'
import { parse, printJson, UsageError, type Command } from './command.js'
import { readBytes, readConfig } from './environment.js'
import { findKey, noSuchKey } from './keys/arguments.js'
import { withStore } from './keys/store.js'
import { options } from './options.js'

export const explain: Command = {
  usage: `Usage: hokusai-mlflow explain METHOD PATH [OPTIONS]

Says what would become of a request, without sending it: which operation of
MLflow it is, what that needs and the key lacks, limits, workspace, and what
MLflow would get. PATH is as it would be sent, with its query; a whole URL will
do. The facade is asked as it is configured here; of MLflow only its version
and layout, and the names that permissions speak of.

  --key ID              ID, hint or name of the key that it would come with
  --header 'Name: text' a further header; may be given several times
  --body FILE           the body; - reads it from standard input
  --json                the same as JSON, as POST /admin/explain answers

Exit codes: 0 it would be served, 1 it would be refused, or the key is unknown,
2 wrong usage or configuration.`,
  async run (args, io) {
    const { values, positionals: [method, path, ...more] } = parse({ args, allowPositionals: true, options: options.explain })
    if (method === undefined || path === undefined || more.length > 0) throw new UsageError('explain needs a METHOD and a PATH, such as GET /mlflow/api/2.0/mlflow/runs/get?run_id=1.')
    const given = { method: method.toUpperCase(), path, headers: (values.header ?? []).map(readHeader), body: bodyIn(values.body) }
    const config = readConfig(io)
    const record = values.key === undefined ? undefined : await recordOf(values.key, config, io)
    if (record === null) return noSuchKey(io)
    const found = await ask(config, toQuestion(given, record, Date.now()))
    if (values.json) printJson(io, found)
    else io.stdout.write(`${linesOf(found).join('\n')}\n`)
    return found.outcome === 'refused' ? 1 : 0
  }
}

/** Null: there is no such key. */
async function recordOf (word: string, config: Config, io: Io): Promise<KeyRecord | null> {
  return await withStore(config, io, 'refuse', async store => await findKey(store, { word })) ?? null
}

/** @throws UsageError */
function readHeader (given: string): readonly [string, string] {
  const [, name, value = ''] = /^([^:\s]+):\s*(.*)$/s.exec(given) ?? []
  if (name === undefined) throw new UsageError('--header needs a name and a text, such as --header \'X-MLFLOW-WORKSPACE: team-a\'.')
  return [name, value.trim()]
}

/** @throws UsageError */
function bodyIn (file: string | undefined): Buffer | undefined {
  return file === undefined ? undefined : readBytes(file, file === '-' ? 0 : file)
}

/** @throws UsageError where there is no MLflow that could be asked */
async function ask (config: Config, question: Question): Promise<Explanation> {
  const { upstream: { url }, dataDir, redis } = config
  const socketPath = url === undefined ? socketAt(join(resolve(dataDir), 'mlflow')) : undefined
  if (url === undefined && socketPath === undefined) throw new UsageError('The built-in MLflow of DATA_DIR does not run, and MLFLOW_UPSTREAM_URL is unset: start the facade, or set it.')
  const upstream = openUpstream(config.upstream, url ?? new URL('http://localhost'), { socketPath })
  const limits = await openLimits(redis, { onState () {}, onLocal () {} })
  const monitor = watch(upstream, () => {})
  const rehearsal = openRehearsal(config, { upstream, monitor, limits }, buildApp)
  try {
    return await rehearsal.ask(question)
  } finally {
    await rehearsal.close()
    monitor.close()
    limits.close()
    await upstream.close()
  }
}

const sayings: Readonly<Record<Explanation['outcome'], string>> = {
  forwarded: 'It would be forwarded to MLflow.',
  answered: 'An endpoint of the facade would answer it.',
  redirected: 'It would be redirected.',
  refused: 'It would be refused.'
}

function linesOf (found: Explanation): string[] {
  const { outcome, status, reason, message, location, operation, needs, key, limit, workspace, mlflow } = found
  const rows: ReadonlyArray<readonly [string, string | null]> = [
    ['status', status === null ? null : String(status)],
    ['message', message],
    ['reason', reason === null ? null : `${reason}: ${reasons[reason]}`],
    ['location', location],
    ['operation', operation],
    ['class', found.class],
    ['needs', needs],
    ['key', key === null ? null : `${key.id} (${key.name}), scopes ${key.scopes.join(', ') || 'none'}`],
    ['workspaces', key === null || key.workspaces.length === 0 ? null : key.workspaces.join(', ')],
    ['permissions', key === null || key.permissions.length === 0 ? null : key.permissions.join(', ')],
    ['limit', limit === null ? null : `${limit.per_hour} an hour, ${limit.remaining} left`],
    ['workspace', workspace],
    ['MLflow gets', mlflow === null ? null : `${mlflow.method} ${mlflow.path}${mlflow.version === null ? '' : ` (MLflow ${mlflow.version})`}`]
  ]
  return [sayings[outcome], ...rows.filter(([, text]) => text !== null).map(([name, text]) => `  ${name.padEnd(11)}  ${text ?? ''}`)]
}
