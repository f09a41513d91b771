/** What ends a key, for a while or for ever, and what takes its place. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { FormDialog } from '../dialog.js'
import { Choice, Field, givenIn, textIn } from '../fields.js'
import { pathOf, type DeedProps, type IssuedKey } from './key.js'

const overlaps = [['0', 'at once'], ['3600', 'in an hour'], ['86400', 'in a day'], ['604800', 'in a week']]

export function Rotate ({ api, of, onDone, onClose }: DeedProps): VNode {
  async function rotate (form: FormData): Promise<void> {
    const issued = await api.send<IssuedKey>('POST', `${pathOf(of)}/rotate`, { overlap_seconds: Number(textIn(form, 'overlap')) })
    onDone(`${of.name} was rotated.`, issued)
  }
  return html`<${FormDialog} title=${`Rotate ${of.name}`} submit="Rotate" onSubmit=${rotate} onClose=${onClose}>
    <p>A new key with the same grants and expiry takes its place.</p>
    <${Choice} name="overlap" label="The old key ends" options=${overlaps} />
  </${FormDialog}>`
}

export function Disable ({ api, of, onDone, onClose }: DeedProps): VNode {
  async function disable (form: FormData): Promise<void> {
    await api.send('POST', `${pathOf(of)}/disable`, { reason: givenIn(form, 'reason') })
    onDone(`${of.name} was disabled.`)
  }
  return html`<${FormDialog} title=${`Disable ${of.name}`} submit="Disable" onSubmit=${disable} onClose=${onClose}>
    <p>It is refused until it is enabled, and its transfers and sessions end.</p>
    <${Field} name="reason" label="Reason" />
  </${FormDialog}>`
}

export function Enable ({ api, of, onDone, onClose }: DeedProps): VNode {
  async function enable (): Promise<void> {
    await api.send('POST', `${pathOf(of)}/enable`)
    onDone(`${of.name} was enabled.`)
  }
  return html`<${FormDialog} title=${`Enable ${of.name}`} submit="Enable" onSubmit=${enable} onClose=${onClose}>
    <p>It is accepted again from the next request on.</p>
  </${FormDialog}>`
}

export function Revoke ({ api, of, onDone, onClose }: DeedProps): VNode {
  async function revoke (form: FormData): Promise<void> {
    const reason = givenIn(form, 'reason')
    await api.send('DELETE', pathOf(of) + (reason === undefined ? '' : `?${new URLSearchParams({ reason }).toString()}`))
    onDone(`${of.name} was revoked.`)
  }
  return html`<${FormDialog} title=${`Revoke ${of.name}?`} submit="Revoke for ever" isGrave=${true} onSubmit=${revoke} onClose=${onClose}>
    <p>The key <code>${of.hint}</code> of ${of.owner} ends for ever, with its transfers and sessions. To refuse it for a while, disable it.</p>
    <${Field} name="reason" label="Reason" />
  </${FormDialog}>`
}
