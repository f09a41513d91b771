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
}

export function Field ({ name, label, value = '', hint, isRequired = false }: FieldProps): VNode {
  const id = useId() // names of fields come twice: in a filter, and in the dialog over it
  return html`<p><label for=${id}>${label}</label>
    <input id=${id} name=${name} defaultValue=${value} required=${isRequired} maxlength="1000" autocomplete="off"
      aria-describedby=${hint === undefined ? undefined : `${id}-hint`} />
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
  return textIn(form, name).split(',').map(text => text.trim()).filter(text => text !== '')
}
