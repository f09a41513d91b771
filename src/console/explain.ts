/** What would become of a request: asked with a form, and not sent to MLflow. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import { sentence, type Api } from './api.js'
import { Field, givenIn, Lines, linesIn } from './fields.js'
import type { Key } from './keys/key.js'
import { listed } from './text.js'

interface ExplainedKey extends Pick<Key, 'id' | 'name' | 'owner' | 'scopes' | 'workspaces' | 'permissions'> {
  readonly suffices: boolean | null
}

/** As `/admin/explain` answers. */
interface Explanation {
  readonly outcome: 'forwarded' | 'answered' | 'redirected' | 'refused'
  readonly status: number | null
  readonly reason: string | null
  readonly message: string | null
  readonly location: string | null
  readonly operation: string | null
  readonly class: string | null
  readonly needs: string | null
  readonly key: ExplainedKey | null
  readonly limit: { readonly per_hour: number, readonly remaining: number, readonly next_seconds: number } | null
  readonly workspace: string | null
  readonly mlflow: { readonly method: string, readonly path: string, readonly version: string | null } | null
}

const outcomes = {
  forwarded: 'It would be forwarded to MLflow.',
  answered: 'It would be answered by the facade itself.',
  redirected: 'It would be redirected.',
  refused: 'It would be refused.'
} as const

/** As long as a request's head may be. */
const pathMaxLength = 80 * 1024

export function Explain ({ api }: { readonly api: Api }): VNode {
  const [found, setFound] = useState<Explanation>()
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)

  async function ask (event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    setBusy(true)
    setProblem('')
    setFound(undefined)
    try {
      setFound(await explain(api, form))
    } catch (error) {
      setProblem(sentence(error))
    }
    setBusy(false)
  }

  return html`<section aria-labelledby="title">
    <h2 id="title">Explain</h2>
    <p class="soft">The request is judged as if it had come, and nothing is sent to MLflow.</p>
    <form onSubmit=${ask} aria-label="Request">
      <${Field} name="method" label="Method" value="GET" isRequired=${true} />
      <${Field} name="path" label="Path or URL" isRequired=${true} longest=${pathMaxLength} hint="As it would be sent, with its query." />
      <${Field} name="key" label="Key: hint or id" value=${keyInAddress()} hint="Nothing: the request comes without a key." />
      <${Lines} name="headers" label="Headers" hint="One a line, such as X-MLFLOW-WORKSPACE: team-a." />
      <${Lines} name="body" label="Body" />
      <p><button disabled=${isBusy}>Explain</button></p>
    </form>
    ${problem === '' ? null : html`<p class="alert" role="alert">${problem}</p>`}
    <p class="said" role="status">${isBusy ? 'Judging …' : ''}
      ${found === undefined ? null : html`<strong>${outcomes[found.outcome]}</strong>`}</p>
    ${found === undefined ? null : html`<${Table} found=${found} />`}
  </section>`
}

/** The id that a link to this view brings. */
function keyInAddress (): string {
  return location.hash.split('/')[1] ?? ''
}

/** @throws CallError; Error where no request can be made of the form */
async function explain (api: Api, form: FormData): Promise<Explanation> {
  const key = givenIn(form, 'key')
  const body = String(form.get('body') ?? '')
  return await api.send<Explanation>('POST', '/admin/explain', {
    method: givenIn(form, 'method')?.toUpperCase(),
    path: givenIn(form, 'path'),
    ...key === undefined ? {} : { key_id: await idOf(api, key) },
    headers: Object.fromEntries(linesIn(form, 'headers').map(headerOf)),
    ...body === '' ? {} : { body }
  })
}

async function idOf (api: Api, text: string): Promise<string> {
  if (text.startsWith('key_')) return text
  const { keys: [key, ...others] } = await api.get<{ readonly keys: readonly Key[] }>('/admin/keys', { hint: text, max_results: '2' })
  if (key === undefined) throw new Error('No key has this hint.')
  if (others.length > 0) throw new Error('Several keys have this in their hint: give the id.')
  return key.id
}

function headerOf (line: string): readonly [name: string, value: string] {
  const at = line.indexOf(':')
  if (at < 1) throw new Error(`A header is written as "Name: value", and "${line.slice(0, 40)}" is not.`)
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
}

function Table ({ found }: { readonly found: Explanation }): VNode {
  const rows = rowsOf(found).filter((row): row is readonly [string, string] => row[1] !== null)
  return html`<table><tbody>${rows.map(([name, value]) => html`<tr key=${name}>
    <th scope="row">${name}</th><td>${value}</td>
  </tr>`)}</tbody></table>`
}

/** Null: there is nothing to say. */
function rowsOf ({ key, limit, mlflow, ...found }: Explanation): ReadonlyArray<readonly [name: string, value: string | null]> {
  return [
    ['Status', found.status === null ? null : String(found.status)],
    ['Message', found.message],
    ['Reason', found.reason],
    ['Location', found.location],
    ['Operation', found.operation],
    ['Class', found.class],
    ['Needs', found.needs],
    ['Key', key === null ? 'none' : `${key.name} (${key.id}) of ${key.owner}`],
    ['Has', key === null ? null : listed(key.scopes, 'no scope')],
    ['Suffices', key === null || key.suffices === null ? null : key.suffices ? 'yes' : 'no'],
    ['Workspaces', key === null ? null : listed(key.workspaces, 'all')],
    ['Permissions', key === null ? null : listed(key.permissions, 'all')],
    ['Limit', limit === null ? null : `${limit.remaining} of ${limit.per_hour} calls an hour are left`],
    ['Workspace', found.workspace],
    ['MLflow gets', mlflow === null ? 'nothing' : `${mlflow.method} ${mlflow.path}`],
    ['MLflow is', mlflow?.version ?? null]
  ]
}
