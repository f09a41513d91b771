/** Tries to cross from one team to another by every operation, through a facade in front of a real MLflow, and asks MLflow itself whether anything came over. */
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { buildApp } from '../../../src/app.js'
import type { Operation } from '../../../src/access/classes.js'
import { operations } from '../../../src/access/operations.generated.js'
import { toPermissions } from '../../../src/access/permissions.js'
import { toScopes } from '../../../src/access/scopes.js'
import { loadConfig } from '../../../src/core/settings/config.js'
import type { KeyVerifier } from '../../../src/keys/contract.js'
import { openUpstream } from '../../../src/mlflow/pool.js'
import { compareVersions } from '../../../src/mlflow/versions.js'
import { rules, ruleOf, type Rule } from '../../../src/permissions/rules.js'
import { attemptsOf, byFilter, type Attempt } from './attempts.js'
import { markerOf, type Team } from './team.js'

interface Teardown { teardown: (fn: () => unknown) => void }

export interface Facade {
  readonly url: string
  /** Sends an attempt as it is. */
  send: (attempt: Pick<Attempt, 'method' | 'target' | 'headers' | 'body'>, key: string) => Promise<{ readonly status: number, readonly text: string }>
}

/** By their keys, what the keys of the proof may do. */
export const bindings: Readonly<Record<string, { readonly scope: string, readonly permissions: readonly string[] }>> = {
  hk_test_writer000000000000000000000000000: { scope: 'mlflow:write', permissions: ['write:experiments/team-a/*', 'write:models/team-a-*', 'write:prompts/team-a-*', 'write:models/team-a/*', 'write:prompts/team-a/*'] },
  hk_test_reader000000000000000000000000000: { scope: 'mlflow:read', permissions: ['read:experiments/team-a/*'] }
}

/** A facade in this process, so that a rule can be changed under it. */
export async function openFacade (t: Teardown, mlflowUrl: string): Promise<Facade> {
  const dataDir = mkdtempSync(join(tmpdir(), 'permissions-'))
  const config = loadConfig({ DATA_DIR: dataDir, MLFLOW_UPSTREAM_URL: mlflowUrl, LEGACY_PATHS: 'forward' }, () => '')
  const verifier: KeyVerifier = {
    verify (key) {
      const binding = bindings[key]
      if (binding === undefined) return { valid: false, reason: 'unknown' }
      const permissions = toPermissions(binding.permissions)
      return { valid: true, caller: { keyId: key, userId: 'proof', name: 'proof', hint: 'hk_test_…', environment: 'test', scopes: toScopes([binding.scope]), workspaces: [], permissions, ratePerHour: undefined, expiresAt: undefined } }
    },
    check: async () => {},
    close: async () => {}
  }
  const app = await buildApp(config, { verifier, upstream: openUpstream(config.upstream, new URL(mlflowUrl)) })
  await app.listen({ host: '127.0.0.1', port: 0 })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const pool = new Pool(url, { connections: 8 })
  t.teardown(async () => {
    await pool.destroy()
    await app.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  return {
    url,
    async send ({ method, target, headers, body }, key) {
      const answer = await pool.request({ method: method as 'GET', path: target, headers: { ...headers, authorization: `Bearer ${key}` }, body: body ?? null })
      return { status: answer.statusCode, text: await answer.body.text() }
    }
  }
}

export interface Outcome {
  readonly attempts: number
  /** What crossed, a sentence each. */
  readonly crossings: readonly string[]
}

const holds = 'holds what is foreign'
const changed = 'what is foreign has changed'

/** Whether a crossing is more than a request that got through. */
export function isOfMlflow (crossing: string): boolean {
  return crossing.endsWith(holds) || crossing.endsWith(changed)
}

/** The operations of a version that read or write. */
export function aimsOf (version: string): Operation[] {
  return operations.filter(operation => ['read', 'write'].includes(operation.class) &&
    compareVersions(operation.since, version) <= 0 && (operation.until === undefined || compareVersions(operation.until, version) >= 0))
}

/** Tries some operations, each in every way, and asks MLflow afterwards. */
export async function tryToCross (facade: Facade, aims: readonly Operation[], own: Team, foreign: Team, short: boolean, keys: readonly string[] = Object.keys(bindings)): Promise<Outcome> {
  const crossings: string[] = []
  const marker = markerOf(foreign.name)
  const before = await foreign.state()
  let attempts = 0
  for (const operation of aims) {
    const list = attemptsOf(operation, own, foreign, short)
    for (const key of keys) {
      for (let from = 0; from < list.length; from += 8) {
        await Promise.all(list.slice(from, from + 8).map(async attempt => {
          attempts++
          const { status, text } = await facade.send(attempt, key)
          const shown = `${attempt.way}: ${attempt.method} ${attempt.target.slice(0, 150)} → ${status}`
          if (text.includes(marker)) crossings.push(`${shown} ${holds}`)
          else if (attempt.mustFail && isThrough(operation, attempt, status, text)) crossings.push(`${shown} got through`)
        }))
      }
    }
  }
  if (await foreign.state() !== before) crossings.push(`${aims.map(({ id }) => id).join(' ').slice(0, 300)}: ${changed}`)
  return { attempts, crossings }
}

/** Whether MLflow has answered; lists and what says nothing of anybody are for everyone. */
function isThrough (operation: Operation, { way, method }: Attempt, status: number, text: string): boolean {
  const rule = mistaken.get(operation.id) ?? ruleOf(operation)
  if ('filtered' in rule) return way.endsWith(byFilter) && status < 400
  if ('open' in rule) return false
  return method === 'HEAD' ? status < 400 : !text.includes('"request_id"') || status < 400
}

/** The rules as they were where one is put out of force. */
const mistaken = new Map<string, Rule>()

/** Puts the rule of an operation out of force while `run` runs. */
export async function withoutRule<Result> ({ id, area }: Operation, run: () => Promise<Result>): Promise<Result> {
  const table = rules as Record<string, Rule>
  const had = table[id]
  mistaken.set(id, ruleOf({ id, area }))
  table[id] = { open: true }
  try {
    return await run()
  } finally {
    mistaken.delete(id)
    if (had === undefined) Reflect.deleteProperty(table, id)
    else table[id] = had
  }
}
