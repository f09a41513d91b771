/** A button that copies what stands in the next `pre`. Without scripts there is none. */
import { escape } from './page.js'

/** Over plain HTTP browsers have no clipboard for scripts, only the command that copies what is selected. */
export const copyScript = `
const select = code => getSelection().selectAllChildren(code)
const copy = async code => {
  if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent)
  select(code)
  if (!document.execCommand('copy')) throw new Error()
}
for (const button of document.querySelectorAll('button.copy')) {
  const status = button.nextElementSibling
  const code = button.parentElement.nextElementSibling
  button.hidden = false
  button.onclick = () => copy(code).then(() => 'Copied', () => { select(code); return 'Selected: copy it with your keyboard' }).then(text => {
    status.textContent = text
    setTimeout(() => { status.textContent = '' }, 4000)
  })
}
`

/** @param what is copied, in words @param code what is copied */
export function copyHtml (what: string, code: string): string {
  return `<p><button type="button" class="copy" aria-label="Copy: ${escape(what)}" hidden>Copy</button> <span role="status"></span></p>
<pre tabindex="0">${escape(code)}</pre>`
}
