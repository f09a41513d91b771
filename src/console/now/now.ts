/** How things stand: MLflow and the key store, who calls, what is refused, and who still uses old paths. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { sentence, type Api } from '../api.js'
import { moment } from '../text.js'
import { Chart } from './chart.js'
import { busiest, lineNumber, linesOf, timesOf } from './lines.js'
import { sum, type Part, type Readiness, type Refusals, type Unit, type Usage, type Versions } from './usage.js'

interface State {
  readonly usage: Usage
  readonly readiness: Readiness
  readonly versions: Versions
}

export function Now ({ api }: { readonly api: Api }): VNode {
  const [state, setState] = useState<State>()
  const [problem, setProblem] = useState('')
  const [round, setRound] = useState(0)
  useEffect(() => {
    let isLate = false
    setProblem('')
    Promise.all([api.get<Usage>('/admin/usage'), api.get<Readiness>('/ready'), api.get<Versions>('/version')]).then(
      ([usage, readiness, versions]) => { if (!isLate) setState({ usage, readiness, versions }) },
      error => { if (!isLate) setProblem(sentence(error)) })
    return () => { isLate = true }
  }, [round])
  return html`<section aria-labelledby="title">
    <div class="row">
      <h2 id="title">Now</h2>
      <button type="button" class="plain" onClick=${() => setRound(round + 1)}>Load again</button>
    </div>
    ${problem === '' ? null : html`<p class="alert" role="alert">${problem}</p>`}
    ${state === undefined ? html`<p role="status">${problem === '' ? 'Loading …' : ''}</p>` : html`<${All} ...${state} />`}
  </section>`
}

function All ({ usage, ...health }: State): VNode {
  return html`<${Health} ...${health} />
    <${Calls} usage=${usage} />
    <${Refused} refusals=${usage.refusals} />
    <${OldPaths} ...${usage.old_paths} />`
}

const answering: Part = { status: 'ok' }

function Health ({ readiness: { keys, mlflow, limits, process = answering }, versions }: Omit<State, 'usage'>): VNode {
  return html`<div class="tiles">
    <${Tile} title=${`MLflow ${versions.mlflow ?? ''}`} part=${mlflow} />
    <${Tile} title="Key store" part=${keys} />
    ${limits === undefined ? null : html`<${Tile} title="Limits" part=${limits} />`}
    <${Tile} title=${`Facade ${versions.version}`} part=${process} />
  </div>`
}

function Tile ({ title, part: { status, reason } }: { readonly title: string, readonly part: Part }): VNode {
  const said = reason === undefined ? status : `${status}: ${reason}`
  return html`<div class="card"><h3>${title}</h3><p class=${status === 'ok' ? undefined : 'alert'}>${said}</p></div>`
}

const spans: Readonly<Record<Unit, string>> = { minutes: 'the last hour, by minute', hours: 'the last day, by hour' }

function Calls ({ usage }: { readonly usage: Usage }): VNode {
  const [unit, setUnit] = useState<Unit>('minutes')
  const [times, lines] = useMemo(() => [timesOf(usage, unit), linesOf(usage, unit)], [usage, unit])
  const keys = busiest(usage, unit)
  const span = spans[unit]
  return html`<h3>Calls by key</h3>
    <p class="soft">Counted by the process that answered, since ${moment(usage.since)} UTC: other workers and replicas count their own.</p>
    <p class="span"><label for="span">Span</label>
      <select id="span" onChange=${(event: Event) => setUnit((event.target as HTMLSelectElement).value as Unit)}>
        ${Object.entries(spans).map(([value, text]) => html`<option value=${value}>${text}</option>`)}
      </select></p>
    <${Chart} label=${`Calls by key in ${span}: the table below has the figures.`} times=${times} lines=${lines} />
    <${Table} columns=${['Key', 'Owner', 'Calls']}>${keys.map((key, index) => html`<tr key=${key.id}>
      <td data-name="Key"><span class=${`swatch line-${lineNumber(index)}`}></span><strong>${key.name}</strong> <code>${key.hint}</code></td>
      <td data-name="Owner">${key.owner}</td>
      <td data-name="Calls" class="figure">${sum(key[unit])}</td>
    </tr>`)}</${Table}>
    ${keys.length === 0 ? html`<p class="soft">No key made a call in ${span}.</p>` : null}`
}

function Refused ({ refusals }: { readonly refusals: readonly Refusals[] }): VNode {
  if (refusals.length === 0) return html`<h3>Refusals by reason</h3><p class="soft">None in the last day.</p>`
  return html`<h3>Refusals by reason</h3>
    <${Table} columns=${['Reason', 'Last hour', 'Last day']}>${refusals.map(({ reason, minutes, hours }) => html`<tr key=${reason}>
      <td data-name="Reason">${reason}</td>
      <td data-name="Last hour" class="figure">${sum(minutes)}</td>
      <td data-name="Last day" class="figure">${sum(hours)}</td>
    </tr>`)}</${Table}>`
}

function OldPaths ({ since, uses }: Usage['old_paths']): VNode {
  if (since === null || uses.length === 0) return html`<h3>Who still uses old paths</h3><p class="soft">Nobody has called one.</p>`
  return html`<h3>Who still uses old paths</h3>
    <p class="soft">Counted since ${moment(since)} UTC, the latest first.</p>
    <${Table} columns=${['Key', 'Owner', 'Client', 'Calls', 'Last']}>${uses.map(use => html`<tr key=${`${use.key_id} ${use.client}`}>
      <td data-name="Key">${use.name ?? 'without a key'}</td>
      <td data-name="Owner">${use.owner ?? '–'}</td>
      <td data-name="Client">${use.client}</td>
      <td data-name="Calls" class="figure">${use.calls}</td>
      <td data-name="Last" class="figure">${moment(use.last_at)}</td>
    </tr>`)}</${Table}>`
}

function Table ({ columns, children }: { readonly columns: readonly string[], readonly children?: unknown }): VNode {
  return html`<table><thead><tr>${columns.map(name => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${children}</tbody></table>`
}
