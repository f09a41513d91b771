/** The fields of what a key may do, for a new one and for a change. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { Field, givenIn, Lines } from '../fields.js'
import type { Key } from './key.js'

/** With what each lets a key do. */
const scopes = {
  'mlflow:read': 'look at everything',
  'mlflow:write': 'change it, too',
  'mlflow:gateway': 'call models through the gateway',
  'mlflow:admin': 'everything, keys included'
}

/** @param of the key that is changed; undefined: a new one */
export function Grants ({ of }: { readonly of?: Key }): VNode {
  const granted = of?.scopes ?? ['mlflow:read', 'mlflow:write']
  return html`<${Field} name="name" label="Name" value=${of?.name} isRequired=${true} />
    <${Field} name="owner" label="Owner" value=${of?.owner} hint="The user that MLflow sees; for a new key the name, if nothing is given." />
    <fieldset><legend>Scopes</legend>${Object.entries(scopes).map(([name, meaning]) => html`<label>
      <input type="checkbox" name="scopes" value=${name} defaultChecked=${granted.includes(name)} />${name}: ${meaning}</label>`)}</fieldset>
    <${Field} name="workspaces" label="Workspaces" value=${of?.workspaces.join(', ')} hint="Names with commas between; nothing: all." />
    <${Lines} name="permissions" label="Permissions" value=${of?.permissions.join('\n')}
      hint="One a line, such as write:experiments/team-a/* or read:models/*; nothing: all that the scopes allow." />`
}

/** Calls an hour: a number, or words that the facade reads. Undefined: nothing was given. */
export function rateIn (form: FormData): number | string | undefined {
  const text = givenIn(form, 'rate')
  return text === undefined || Number.isNaN(Number(text)) ? text : Number(text)
}
