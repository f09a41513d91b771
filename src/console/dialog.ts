/** Dialogs with a form: Esc closes them, the focus stays in them and goes back to where it was. */
import { html } from 'htm/preact'
import type { ComponentChildren, VNode } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { sentence } from './api.js'

interface DialogProps {
  readonly title: string
  readonly onClose: () => void
  readonly children?: ComponentChildren
}

export function Dialog ({ title, onClose, children }: DialogProps): VNode {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const before = document.activeElement
    dialog.current?.showModal()
    return () => { if (before instanceof HTMLElement) before.focus() }
  }, [])
  return html`<dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${onClose}>
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`
}

interface FormDialogProps extends DialogProps {
  /** What the button says. */
  readonly submit: string
  readonly isGrave?: boolean
  /** @throws whatever is then shown as a sentence */
  readonly onSubmit: (form: FormData) => Promise<void>
}

export function FormDialog ({ title, submit, isGrave = false, onSubmit, onClose, children }: FormDialogProps): VNode {
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)

  async function act (event: SubmitEvent): Promise<void> {
    event.preventDefault()
    setBusy(true)
    setProblem('')
    try {
      await onSubmit(new FormData(event.target as HTMLFormElement))
    } catch (error) {
      setProblem(sentence(error))
      setBusy(false)
    }
  }

  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form onSubmit=${act}>
      ${children}
      ${problem === '' ? null : html`<p class="alert" role="alert">${problem}</p>`}
      <p class="row"><button class=${isGrave ? 'grave' : undefined} disabled=${isBusy}>${submit}</button>
        <button type="button" class="plain" onClick=${onClose}>Cancel</button></p>
    </form>
  </${Dialog}>`
}
