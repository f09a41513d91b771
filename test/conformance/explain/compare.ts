/** Requests that are explained first and sent then, and what differs between the two. */
import { setTimeout as delay } from 'node:timers/promises'
import fc from 'fast-check'
import { operations } from '../../../src/access/operations.generated.js'
import type { Explanation } from '../../../src/explain/explanation.js'
import { connect, head, type Answer } from '../../helpers/client.js'
import { startFacade, type FacadeProcess } from '../../helpers/facade.js'
import { echo, standIn } from '../../helpers/upstream.js'
import { oddRequests } from '../access/oddpaths.js'

interface Teardown { teardown: (fn: () => unknown) => void }

/** A request, whoever makes it. */
export interface Recorded {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly key: string | undefined
}

/** What happened to one. */
export interface Happened {
  readonly status: number
  readonly operation: string
  readonly refusal: string | undefined
  /** What MLflow got; undefined: nothing. */
  readonly target: string | undefined
  readonly workspace: string | undefined
}

export interface Comparison {
  readonly requests: number
  /** How many had which end. */
  readonly ends: ReadonlyMap<string, number>
  /** A sentence each. */
  readonly differences: readonly string[]
}

/** So few, that nobody takes them for guesses of keys. */
const endedKeysMax = 15

const bodies = [
  '{}', '{"experiment_id":"1","key":"mlflow.issueDetection.schedule","value":"x"}', '{"query":"query { mlflowGetRun(input: {runId: \\"1\\"}) { run { info { runId } } } }"}',
  '{"query":"mutation { x }"}', '{"query":"{"}', '[]', 'no JSON', '{"path":"x","expiration":999999}', '{"run_id":"1"}', '{"name":"team-a-x"}',
  '{"name":"team-b-x"}', '{"name":"team-a/x"}', '{"name":"m","source":"file:///etc"}', '{"name":"a","name":"b"}'
]
const own = ['/', '/whoami', '/admin/keys', '/admin/keys?state=live', '/docs/', '/openapi.json', '/live', '/ready', '/version', '/login', '/nothing', '/mlflow', '/api/mlflow/health/mlflow', '/api/health/mlflow']

/** Explains each and sends it, one after the other. */
export async function compare (t: Teardown, count: number, seed: number): Promise<Comparison> {
  const mlflow = await standIn(t, echo)
  const up = await startFacade(t, { mlflowUrl: mlflow.url.href, env: { BODY_MAX_BYTES: '100000', AUDIT_LOG: 'off' } })
  const keys = await makeKeys(up)
  const admin = keys.find(({ name }) => name === 'admin')?.key ?? ''
  const asked: Array<{ readonly request: Recorded, readonly explanation: Explanation, readonly answer: Answer, readonly target: string | undefined, readonly workspace: string | undefined }> = []
  for (const request of recorded(count, seed, keys.map(({ name }) => name))) {
    const key = keys.find(({ name }) => name === request.key)
    const explanation = await explain(up, admin, request, key?.id)
    mlflow.calls.length = 0
    const answer = await send(up, request, key?.key)
    const call = mlflow.calls.find(call => call.header('accept') !== 'application/json') // with which the facade asks questions of its own
    asked.push({ request, explanation, answer, target: call?.target, workspace: call?.header('x-mlflow-workspace') })
  }
  await delay(500) // the last lines
  const lines = new Map(up.output().split('\n').filter(line => line.includes('"request_id"')).map(line => JSON.parse(line) as Line).map(line => [line.request_id, line]))
  const differences: string[] = []
  const ends = new Map<string, number>()
  for (const { request, explanation, answer, target, workspace } of asked) {
    const line = lines.get(answer.header('x-request-id') ?? '')
    const happened: Happened = { status: answer.status, operation: line?.operation ?? '', refusal: line?.refusal, target, workspace }
    const end = `${explanation.outcome} ${explanation.reason ?? ''}`.trim()
    ends.set(end, (ends.get(end) ?? 0) + 1)
    differences.push(...differencesIn(explanation, happened).map(difference => `${request.method} ${request.path} by ${request.key ?? 'nobody'}: ${difference}`))
  }
  return { requests: asked.length, ends, differences }
}

interface Line {
  readonly request_id: string
  readonly operation: string
  readonly refusal?: string
}

/** What an explanation says otherwise than it was. */
export function differencesIn (explained: Explanation, happened: Happened): string[] {
  const { outcome, mlflow, operation, status, reason, workspace } = explained
  // What becomes of it once it was sent is MLflow's doing: here an echo, which is no list that could be filtered
  const refusal = mlflow !== null && happened.refusal?.startsWith('upstream_') === true ? undefined : happened.refusal
  const pairs: ReadonlyArray<readonly [string, unknown, unknown]> = [
    ['sent to MLflow', mlflow?.path, happened.target],
    ['operation', operation ?? 'none', happened.operation],
    ['reason', reason ?? undefined, refusal],
    ...mlflow === null ? [] : [['workspace', workspace ?? undefined, happened.workspace] as const],
    ...status === null ? [] : [['status', status, happened.status] as const],
    ['refused', outcome === 'refused', refusal !== undefined]
  ]
  return pairs.filter(([, said, was]) => said !== was).map(([name, said, was]) => `${name}: explained ${String(said)}, was ${String(was)}`)
}

interface Key {
  readonly name: string
  readonly id: string
  readonly key: string
}

async function makeKeys (up: FacadeProcess): Promise<Key[]> {
  const kinds: ReadonlyArray<readonly [name: string, scopes: string, ...options: string[]]> = [
    ['admin', 'mlflow:admin'], ['read', 'mlflow:read'], ['write', 'mlflow:write'], ['gateway', 'mlflow:gateway'], ['nothing', ''],
    ['tied', 'mlflow:write', '--workspace', 'team-a'], ['tied-twice', 'mlflow:admin', '--workspace', 'team-a', '--workspace', 'team-b'],
    ['bound', 'mlflow:write', '--allow', 'read:*', '--allow', 'write:models/team-a-*'], ['narrow', 'mlflow:write', '--allow', 'write:experiments/team-a/*'],
    ['limited', 'mlflow:read', '--rate', '20/hour'], ['expired', 'mlflow:write', '--expires', '1s'], ['revoked', 'mlflow:write'], ['disabled', 'mlflow:write']
  ]
  const made: Key[] = []
  for (const [name, scopes, ...options] of kinds) {
    const { id, key } = JSON.parse(await up.command(['keys', 'create', '--name', name, '--scopes', scopes, ...options, '--json'])) as Key
    made.push({ name, id, key })
  }
  await up.command(['keys', 'revoke', 'revoked'])
  await up.command(['keys', 'disable', 'disabled'])
  await delay(1500)
  return made
}

/** The same ones for the same seed. */
function recorded (count: number, seed: number, names: readonly string[]): Recorded[] {
  const odd = oddRequests(operations, count, seed)
  let ended = 0
  const choices = fc.record({
    where: fc.constantFrom('', '/mlflow', '/mlflow', '/mlflow', '/mlflow', '/mlflow', '/api/mlflow', 'own'),
    own: fc.constantFrom(...own),
    key: fc.constantFrom(undefined, ...names),
    header: fc.constantFrom({}, {}, {}, { 'X-MLFLOW-WORKSPACE': 'team-a' }, { 'X-MLFLOW-WORKSPACE': 'other' }, { Origin: 'https://elsewhere.example' }, { Accept: 'text/html' }),
    body: fc.constantFrom(...bodies)
  })
  return fc.sample(choices, { numRuns: count, seed }).map((choice, index) => {
    const { method, path } = odd[(index * 7919) % odd.length] ?? { method: 'GET', path: '/' }
    const isOwn = choice.where === 'own'
    const hasBody = !isOwn && !['GET', 'HEAD'].includes(method)
    const isEnded = ['expired', 'revoked', 'disabled'].includes(choice.key ?? '') && ended++ >= endedKeysMax
    return {
      method: isOwn ? 'GET' : method,
      path: isOwn ? choice.own : choice.where + path,
      headers: { ...choice.header, ...hasBody ? { 'Content-Type': 'application/json' } : {} },
      body: hasBody ? choice.body : undefined,
      key: isEnded ? undefined : choice.key
    }
  })
}

async function explain (up: FacadeProcess, admin: string, { method, path, headers, body }: Recorded, keyId: string | undefined): Promise<Explanation> {
  const question = { method, path, headers, ...body === undefined ? {} : { body }, ...keyId === undefined ? {} : { key_id: keyId } }
  const answered = await fetch(`${up.url}/admin/explain`, {
    method: 'POST',
    headers: { authorization: `Bearer ${admin}`, 'content-type': 'application/json' },
    body: JSON.stringify(question)
  })
  if (answered.status !== 200) throw new Error(`${method} ${path}: ${answered.status} ${await answered.text()}`)
  return await answered.json() as Explanation
}

async function send (up: FacadeProcess, { method, path, headers, body }: Recorded, key: string | undefined): Promise<Answer> {
  const connection = await connect({ teardown () {} }, Number(new URL(up.url).port))
  const own = { ...key === undefined ? {} : { Authorization: `Bearer ${key}` }, ...body === undefined ? {} : { 'Content-Length': String(Buffer.byteLength(body)) } }
  connection.write(head(`${method} ${path}`, { ...own, ...headers }) + (body ?? ''))
  const answer = await connection.answer({ head: method === 'HEAD' })
  connection.destroy()
  return answer
}
