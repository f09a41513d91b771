/** What a key is called and may do, changed. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { FormDialog } from '../dialog.js'
import { Field, givenIn, linesIn, listIn, textIn } from '../fields.js'
import { Grants, rateIn } from './grants.js'
import { pathOf, type DeedProps, type Key } from './key.js'

export function Change ({ api, of, onDone, onClose }: DeedProps): VNode {
  const rate = of.rate_per_hour === null ? '' : String(of.rate_per_hour)

  async function change (form: FormData): Promise<void> {
    const [scopes, workspaces, owner] = [form.getAll('scopes').map(String), listIn(form, 'workspaces'), textIn(form, 'owner')]
    const permissions = linesIn(form, 'permissions')
    const changed = {
      ...textIn(form, 'name') === of.name ? {} : { name: givenIn(form, 'name') },
      ...owner === of.owner ? {} : { owner },
      ...isSame(scopes, of.scopes) ? {} : { scopes },
      ...isSame(workspaces, of.workspaces) ? {} : { workspaces },
      ...isSame(permissions, of.permissions) ? {} : { permissions },
      ...textIn(form, 'rate') === rate ? {} : { rate: rateIn(form) ?? null },
      ...textIn(form, 'expires_at') === (of.expires_at ?? '') ? {} : { expires_at: givenIn(form, 'expires_at') ?? null }
    }
    if (Object.keys(changed).length === 0) return onClose()
    const { name } = await api.send<Key>('PATCH', pathOf(of), changed)
    onDone(`${name} was changed.`)
  }

  return html`<${FormDialog} title=${`Change ${of.name}`} submit="Change" onSubmit=${change} onClose=${onClose}>
    <${Grants} of=${of} />
    <${Field} name="rate" label="Calls an hour" value=${rate} hint="Nothing: no limit." />
    <${Field} name="expires_at" label="Expires" value=${of.expires_at ?? ''} hint="A date such as 2027-06-30, or a time of ISO 8601; nothing: never, or as late as KEYS_MAX_LIFETIME allows." />
  </${FormDialog}>`
}

function isSame (one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every(item => other.includes(item))
}
