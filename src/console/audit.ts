/** Who did what, and what was refused. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Api, Query } from './api.js'
import { Choice, Field, givenIn } from './fields.js'
import { counted, More, usePages } from './pages.js'
import { second } from './text.js'

/** As `/admin/audit` tells it; what has no value is left out. */
interface Event {
  readonly seq: number
  readonly source: string
  readonly time: string
  readonly key?: string
  readonly user?: string
  readonly address?: string
  readonly session?: true
  readonly method?: string
  readonly operation: string
  readonly resource?: Readonly<Record<string, string>>
  readonly status?: number
  readonly outcome: 'allowed' | 'refused' | 'failed'
  readonly reason?: string
  readonly count?: number
}

const pageSize = '100'
const atFirst = '24h'

export function Audit ({ api }: { readonly api: Api }): VNode {
  const [filter, setFilter] = useState<Query>({ since: atFirst })
  const events = usePages<Event>(api, '/admin/audit', 'events', { ...filter, max_results: pageSize })
  const find = (filter: Query): void => {
    setFilter(filter)
    events.reload() // the same filter may find others by now
  }
  return html`<section aria-labelledby="title">
    <div class="row"><h2 id="title">Audit</h2><button type="button" class="plain" onClick=${events.reload}>Load again</button></div>
    <${Filter} onFilter=${find} />
    <p class="said" role="status">${events.isLoading ? 'Loading …' : `${counted(events, 'event', 'events')}, the newest first. Times are UTC.`}</p>
    ${events.problem === '' ? null : html`<p class="card" role="alert">${events.problem}</p>`}
    ${events.items.length === 0 ? null : html`<${Table} events=${events.items} />`}
    <${More} pages=${events} />
  </section>`
}

const outcomes = [['', 'any'], ['allowed', 'allowed'], ['refused', 'refused'], ['failed', 'failed']]

function Filter ({ onFilter }: { readonly onFilter: (filter: Query) => void }): VNode {
  const filter = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    onFilter(Object.fromEntries(['since', 'key', 'user', 'operation', 'outcome', 'reason'].map(name => [name, givenIn(form, name)])))
  }
  return html`<form class="filter" onSubmit=${filter} aria-label="Filter of events">
    <${Field} name="since" label="Since" value=${atFirst} />
    <${Field} name="key" label="Key: hint or id" />
    <${Field} name="user" label="User" />
    <${Field} name="operation" label="Operation" />
    <${Choice} name="outcome" label="Outcome" options=${outcomes} />
    <${Field} name="reason" label="Reason" />
    <p><button class="plain">Filter</button></p>
  </form>`
}

const columns = ['Time', 'Who', 'What', 'About', 'Outcome', 'From']

function Table ({ events }: { readonly events: readonly Event[] }): VNode {
  return html`<table>
    <thead><tr>${columns.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${events.map(event => html`<tr key=${`${event.source} ${event.seq}`}>
      <td data-name="Time" class="figure">${second(event.time)}</td>
      <td data-name="Who"><p>${event.user ?? '–'}</p><code>${event.key}</code>${event.session === true ? ' by session' : ''}</td>
      <td data-name="What">${event.method} ${event.operation}${event.count === undefined ? '' : `, ${event.count} times`}</td>
      <td data-name="About">${Object.entries(event.resource ?? {}).map(([name, value]) => html`<p>${name}: ${value}</p>`)}</td>
      <td data-name="Outcome"><p class=${`outcome-${event.outcome}`}>${outcomeOf(event)}</p>${event.status}</td>
      <td data-name="From">${event.address ?? '–'}</td>
    </tr>`)}</tbody>
  </table>`
}

function outcomeOf ({ outcome, reason }: Event): string {
  return reason === undefined ? outcome : `${outcome}: ${reason}`
}
