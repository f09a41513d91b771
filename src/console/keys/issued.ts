/** A new key, shown this once. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { Dialog } from '../dialog.js'
import type { IssuedKey } from './key.js'

interface IssuedProps {
  readonly issued: IssuedKey
  readonly onClose: () => void
}

export function Issued ({ issued, onClose }: IssuedProps): VNode {
  const [said, setSaid] = useState('')
  const shown = useRef<HTMLParagraphElement>(null)

  async function copy (): Promise<void> {
    try {
      await navigator.clipboard.writeText(issued.key)
      setSaid('Copied')
    } catch {
      // Over plain HTTP browsers have no clipboard for scripts.
      if (shown.current !== null) getSelection()?.selectAllChildren(shown.current)
      setSaid('Selected: copy it with your keyboard')
    }
  }

  return html`<${Dialog} title=${`The key ${issued.name}`} onClose=${onClose}>
    <p>Copy it now: only its hash is kept, and it is not shown again.</p>
    <p class="key" ref=${shown}>${issued.key}</p>
    <p class="row"><button type="button" onClick=${copy}>Copy the key</button>
      <button type="button" class="plain" onClick=${onClose}>Done</button> <span role="status">${said}</span></p>
  </${Dialog}>`
}
