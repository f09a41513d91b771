/** `hokusai-mlflow doctor`: what is wrong with this configuration and how to fix it. */
import { ConfigError } from '../core/settings/config.js'
import { artifactChecks } from '../doctor/artifacts.js'
import { auditCheck } from '../doctor/audit.js'
import { type Check, type DoctorContext, skipped, type Verdict } from '../doctor/check.js'
import { frontChecks } from '../doctor/front.js'
import { gatewayChecks } from '../doctor/gateway.js'
import { keyDatabaseChecks } from '../doctor/key-database.js'
import { keyChecks } from '../doctor/keys.js'
import { limitChecks } from '../doctor/limits.js'
import { issuerCheck } from '../doctor/issuer.js'
import { mlflowChecks } from '../doctor/mlflow.js'
import { withContext } from '../doctor/context.js'
import { platformChecks } from '../doctor/platform.js'
import { settingsChecks } from '../doctor/settings.js'
import { tlsCheck } from '../doctor/tls.js'
import { parse, printJson, UsageError, type Command } from './command.js'
import { type Io } from '../core/io.js'
import { readConfig } from './environment.js'
import { options } from './options.js'

/** Every check but `configuration`, which has to pass before any of them can run. */
export const checks: readonly Check[] = [
  ...settingsChecks,
  tlsCheck,
  ...keyChecks,
  ...keyDatabaseChecks,
  issuerCheck,
  ...limitChecks,
  auditCheck,
  ...mlflowChecks,
  ...artifactChecks,
  ...gatewayChecks,
  ...platformChecks,
  ...frontChecks
]

export const doctor: Command = {
  usage: `Usage: hokusai-mlflow doctor [--url URL] [--key KEY] [--json]

Checks the configuration in the environment, the key store, MLflow, and the
public URL of the facade with any proxy in front. It changes nothing.

  --url URL  public URL of the facade; default PUBLIC_URL
  --key KEY  a key to try; default HOKUSAI_API_KEY
  --json     the same as JSON: {"findings": […], "checks": […]}

Exit codes: 0 no findings, 1 findings, 2 wrong usage or configuration.`,
  async run (args, io) {
    const { values } = parse({ args, options: options.doctor })
    const url = values.url === undefined ? undefined : readUrl(values.url)
    const key = values.key ?? io.env['HOKUSAI_API_KEY']
    const config = tryConfig(io)
    if (config instanceof ConfigError) {
      report(
        config.problems.map(message => ({
          check: 'configuration',
          status: 'error',
          message,
          fix: 'see docs/config.md for every setting and its allowed values'
        })),
        io,
        values.json
      )
      return 2
    }
    const rows = await withContext(config, { env: io.env, key: key === '' ? undefined : key, url }, async context => {
      return await Promise.all(checks.map(async ({ id, run }) => ({ check: id, ...await attempt(run, context) })))
    })
    report([{ check: 'configuration', status: 'ok', message: 'every setting is well formed' }, ...rows], io, values.json)
    return rows.some(isFinding) ? 1 : 0
  }
}

interface Row extends Verdict {
  readonly check: string
}

/** MLflow may go while it is looked at: that ends a check, not the others. */
async function attempt (run: Check['run'], context: DoctorContext): Promise<Verdict> {
  try {
    return await run(context)
  } catch (error) {
    return skipped(`could not be checked (${error instanceof Error ? error.message : String(error)})`)
  }
}

function isFinding ({ status }: Row): boolean {
  return status === 'warning' || status === 'error'
}

function report (rows: readonly Row[], io: Io, json: boolean): void {
  const findings = rows.filter(isFinding)
  if (json) {
    printJson(io, {
      findings: findings.map(({ check, status: severity, message, fix }) => ({ check, severity, message, fix })),
      checks: rows
    })
    return
  }
  const width = Math.max(...rows.map(({ check }) => check.length))
  for (const { check, status, message, fix } of rows) {
    const indent = ' '.repeat(9 + width + 2)
    io.stdout.write(`${status.padEnd(9)}${check.padEnd(width + 2)}${message}\n${fix === undefined ? '' : `${indent}fix: ${fix}\n`}`)
  }
  io.stderr.write(findings.length === 0 ? 'No findings.\n' : `${findings.length} finding${findings.length === 1 ? '' : 's'}.\n`)
}

function tryConfig (io: Io): ReturnType<typeof readConfig> | ConfigError {
  try {
    return readConfig(io)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

function readUrl (text: string): URL {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new UsageError(`--url "${text}" is not an http:// or https:// URL.`)
  }
  return new URL(text)
}
