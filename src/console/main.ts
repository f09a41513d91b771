/** Starts the console in its page. */
import { html, render } from 'htm/preact'
import { App } from './app.js'

const root = document.querySelector<HTMLElement>('#console')
if (root !== null) {
  root.replaceChildren()
  render(html`<${App} />`, root)
}
