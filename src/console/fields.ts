/** Fields of forms, each with its label, and what was filled in. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useId } from 'preact/hooks'

interface FieldProps {
  readonly name: string
  readonly label: string
  readonly value?: string | undefined
  /** What may stand in it. */
  readonly hint?: string
  readonly isRequired?: boolean
  /** In characters. */
  readonly longest?: number
}

export function Field ({ name, label, value = '', hint, isRequired = false, longest = 1000 }: FieldProps): VNode {
  const id = useId() // names of fields come twice: in a filter, and in the dialog over it
  return html`<p><label for=${id}>${label}</label>
    <input id=${id} name=${name} defaultValue=${value} required=${isRequired} maxlength=${longest} autocomplete="off"
      aria-describedby=${hint === undefined ? undefined : `${id}-hint`} />
    ${hint === undefined ? null : html`<span class="soft" id=${`${id}-hint`}>${hint}</span>`}</p>`
}

/** As a field, with room for several lines. */
export function Lines ({ name, label, value = '', hint }: Omit<FieldProps, 'isRequired' | 'longest'>): VNode {
  const id = useId()
  return html`<p><label for=${id}>${label}</label>
    <textarea id=${id} name=${name} defaultValue=${value} rows="3" autocomplete="off" spellcheck=${false}
      aria-describedby=${hint === undefined ? undefined : `${id}-hint`}></textarea>
    ${hint === undefined ? null : html`<span class="soft" id=${`${id}-hint`}>${hint}</span>`}</p>`
}

interface ChoiceProps extends Pick<FieldProps, 'name' | 'label'> {
  readonly options: ReadonlyArray<readonly [value: string, label: string]>
}

export function Choice ({ name, label, options }: ChoiceProps): VNode {
  const id = useId()
  return html`<p><label for=${id}>${label}</label>
    <select id=${id} name=${name}>${options.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></p>`
}

/** What stands in a field, without spaces around it. */
export function textIn (form: FormData, name: string): string {
  const value = form.get(name)
  return typeof value === 'string' ? value.trim() : ''
}

/** The same, undefined where nothing does. */
export function givenIn (form: FormData, name: string): string | undefined {
  const text = textIn(form, name)
  return text === '' ? undefined : text
}

/** What stands in a field between commas. */
export function listIn (form: FormData, name: string): readonly string[] {
  return partsIn(form, name, ',')
}

/** What stands in a field line by line. */
export function linesIn (form: FormData, name: string): readonly string[] {
  return partsIn(form, name, '\n')
}

function partsIn (form: FormData, name: string, between: string): readonly string[] {
  return textIn(form, name).split(between).map(text => text.trim()).filter(text => text !== '')
}
