/** A new key. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { FormDialog } from '../dialog.js'
import { Choice, Field, givenIn, linesIn, listIn } from '../fields.js'
import { Grants, rateIn } from './grants.js'
import type { DeedProps, IssuedKey } from './key.js'

const environments = [['live', 'live (hk_live_…)'], ['test', 'test (hk_test_…)']]

export function Create ({ api, onDone, onClose }: Omit<DeedProps, 'of'>): VNode {
  async function create (form: FormData): Promise<void> {
    const asked = {
      name: givenIn(form, 'name'),
      owner: givenIn(form, 'owner'),
      scopes: form.getAll('scopes'),
      workspaces: listIn(form, 'workspaces'),
      permissions: linesIn(form, 'permissions'),
      rate: rateIn(form),
      expires_in: givenIn(form, 'expires_in'),
      environment: givenIn(form, 'environment')
    }
    const issued = await api.send<IssuedKey>('POST', '/admin/keys', asked)
    onDone(`${issued.name} was created.`, issued)
  }

  return html`<${FormDialog} title="Create a key" submit="Create" onSubmit=${create} onClose=${onClose}>
    <${Grants} />
    <${Field} name="rate" label="Calls an hour" hint="Such as 3600, or none; nothing: as KEYS_DEFAULT_RATE says." />
    <${Field} name="expires_in" label="Lifetime" hint="Such as 90d or 12h; nothing: as long as KEYS_MAX_LIFETIME allows." />
    <${Choice} name="environment" label="Environment" options=${environments} />
  </${FormDialog}>`
}
