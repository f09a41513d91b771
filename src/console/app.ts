/** The whole console: the form for the key, and behind it the views, each by its name in the address. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import type { Api, WhoAmI } from './api.js'
import { Audit } from './audit.js'
import { Explain } from './explain.js'
import { Keys } from './keys/keys.js'
import { Now } from './now/now.js'
import { SignIn } from './sign-in.js'

interface Entered {
  readonly api: Api
  readonly who: WhoAmI
}

const views = { keys: ['Keys', Keys], audit: ['Audit', Audit], explain: ['Explain', Explain], now: ['Now', Now] } as const
type View = keyof typeof views

const ended = 'The facade accepts the key no longer: it has expired, or was revoked, disabled or replaced. Enter one that is valid.'

export function App (): VNode {
  const [entered, setEntered] = useState<Entered>()
  const [notice, setNotice] = useState('')
  const view = useView()
  const leave = (why: string): void => {
    setEntered(undefined)
    setNotice(why)
  }
  if (entered === undefined) {
    return html`<${SignIn} notice=${notice} onEntered=${setEntered} onEnded=${() => leave(ended)} />`
  }
  const { api, who } = entered
  const [, Current] = views[view]
  return html`<header class="row">
      <h1>Console</h1>
      <p class="row"><span class="soft">Key <strong>${who.name ?? who.id}</strong> of ${who.owner}</span>
        <button type="button" class="plain" onClick=${() => leave('The key is forgotten.')}>Forget the key</button></p>
    </header>
    <nav aria-label="Views"><ul>${Object.entries(views).map(([name, [title]]) =>
      html`<li><a href=${`#${name}`} aria-current=${name === view ? 'page' : undefined}>${title}</a></li>`)}</ul></nav>
    <${Current} key=${view} api=${api} />`
}

/** The view that the address names; it changes with the address. */
function useView (): View {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const follow = (): void => setHash(location.hash)
    addEventListener('hashchange', follow)
    return () => removeEventListener('hashchange', follow)
  }, [])
  const [name = ''] = hash.slice(1).split('/') // a view may be told more, behind a slash
  return Object.hasOwn(views, name) ? name as View : 'keys'
}
