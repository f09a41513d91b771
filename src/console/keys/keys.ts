/** The keys of the store: what each may do, and what can be done with it. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useState } from 'preact/hooks'
import type { Api, Query } from '../api.js'
import { Choice, Field, givenIn } from '../fields.js'
import { counted, More, usePages } from '../pages.js'
import { listed, moment } from '../text.js'
import { Change } from './change.js'
import { Create } from './create.js'
import { Disable, Enable, Revoke, Rotate } from './end.js'
import { Issued } from './issued.js'
import type { DeedProps, IssuedKey, Key } from './key.js'

type Deed = (props: DeedProps) => VNode

/** What can be done with a key, by its state. */
const deeds: Readonly<Record<Key['state'], ReadonlyArray<readonly [label: string, deed: Deed]>>> = {
  live: [['Change', Change], ['Rotate', Rotate], ['Disable', Disable], ['Revoke', Revoke]],
  disabled: [['Enable', Enable], ['Change', Change], ['Revoke', Revoke]],
  expired: [['Revoke', Revoke]],
  revoked: []
}

interface Open {
  readonly deed: Deed
  readonly of: Key
}

const pageSize = '50'

export function Keys ({ api }: { readonly api: Api }): VNode {
  const [filter, setFilter] = useState<Query>({ state: 'live' })
  const [said, setSaid] = useState('')
  const [open, setOpen] = useState<Open | 'create'>()
  const [issued, setIssued] = useState<IssuedKey>()
  const keys = usePages<Key>(api, '/admin/keys', 'keys', { ...filter, max_results: pageSize })
  const find = (filter: Query): void => {
    setFilter(filter)
    setSaid('')
    keys.reload() // the same filter may find others by now
  }
  const close = (): void => setOpen(undefined)
  const done: DeedProps['onDone'] = (text, made) => {
    close()
    setSaid(text)
    setIssued(made)
    keys.reload()
  }
  return html`<section aria-labelledby="title">
    <div class="row"><h2 id="title">Keys</h2><button type="button" onClick=${() => setOpen('create')}>Create a key</button></div>
    <${Filter} onFilter=${find} />
    <p class="said" role="status">${said} ${keys.isLoading ? 'Loading …' : `${counted(keys, 'key', 'keys')}. Times are UTC.`}</p>
    ${keys.problem === '' ? null : html`<p class="alert" role="alert">${keys.problem}</p>`}
    ${keys.items.length === 0 ? null : html`<${Table} keys=${keys.items} onOpen=${setOpen} />`}
    <${More} pages=${keys} />
    ${open === 'create' ? html`<${Create} api=${api} onDone=${done} onClose=${close} />` : null}
    ${typeof open === 'object' ? html`<${open.deed} api=${api} of=${open.of} onDone=${done} onClose=${close} />` : null}
    ${issued === undefined ? null : html`<${Issued} issued=${issued} onClose=${() => setIssued(undefined)} />`}
  </section>`
}

const states = [['live', 'live'], ['', 'any'], ['disabled', 'disabled'], ['expired', 'expired'], ['revoked', 'revoked']]

function Filter ({ onFilter }: { readonly onFilter: (filter: Query) => void }): VNode {
  const filter = (event: SubmitEvent): void => {
    event.preventDefault()
    const form = new FormData(event.target as HTMLFormElement)
    onFilter(Object.fromEntries(['state', 'owner', 'name', 'hint'].map(name => [name, givenIn(form, name)])))
  }
  return html`<form class="filter" onSubmit=${filter} aria-label="Filter of keys">
    <${Choice} name="state" label="State" options=${states} />
    <${Field} name="owner" label="Owner" />
    <${Field} name="name" label="Name" />
    <${Field} name="hint" label="Part of the hint" />
    <p><button class="plain">Filter</button></p>
  </form>`
}

interface TableProps {
  readonly keys: readonly Key[]
  readonly onOpen: (open: Open) => void
}

const columns = ['Key', 'Owner', 'Scopes', 'Workspaces', 'Permissions', 'Calls an hour', 'Last used', 'Expires', 'State', 'Actions']

function Table ({ keys, onOpen }: TableProps): VNode {
  return html`<table>
    <thead><tr>${columns.map(name => html`<th scope="col">${name}</th>`)}</tr></thead>
    <tbody>${keys.map(key => html`<tr key=${key.id}>
      <td data-name="Key"><p><strong>${key.name}</strong></p><code>${key.hint}</code></td>
      <td data-name="Owner">${key.owner}</td>
      <td data-name="Scopes">${listed(key.scopes, 'none')}</td>
      <td data-name="Workspaces">${listed(key.workspaces, 'all')}</td>
      <td data-name="Permissions"><${Permissions} of=${key} /></td>
      <td data-name="Calls an hour" class="figure">${key.rate_per_hour ?? 'no limit'}</td>
      <td data-name="Last used" class="figure">${moment(key.last_used_at)}</td>
      <td data-name="Expires" class="figure">${moment(key.expires_at)}</td>
      <td data-name="State"><p class=${`state-${key.state}`}>${key.state}</p>${key.revoke_reason ?? key.disable_reason ?? ''}</td>
      <td data-name="Actions"><div class="actions">${deeds[key.state].map(([label, deed]) => html`
        <button type="button" class=${label === 'Revoke' ? 'grave' : 'plain'} aria-label=${`${label} ${key.name}`}
          onClick=${() => onOpen({ deed, of: key })}>${label}</button>`)}
        <a href=${`#explain/${key.id}`} aria-label=${`Explain a request with ${key.name}`}>Explain</a></div></td>
    </tr>`)}</tbody>
  </table>`
}

/** A single one is shown as it is, several behind their number. */
function Permissions ({ of: { permissions } }: { readonly of: Key }): VNode {
  if (permissions.length < 2) return html`<span>${listed(permissions, 'all')}</span>`
  return html`<details><summary>${permissions.length} permissions</summary>${permissions.map(text => html`<p>${text}</p>`)}</details>`
}
