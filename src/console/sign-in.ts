/** Where the administrator's key is typed in. */
import { html } from 'htm/preact'
import type { VNode } from 'preact'
import { useRef, useState } from 'preact/hooks'
import { openApi, sentence, type Api, type WhoAmI } from './api.js'

interface SignInProps {
  /** Why one stands here again. */
  readonly notice: string
  readonly onEntered: (entered: { readonly api: Api, readonly who: WhoAmI }) => void
  /** A key that was let in is good no longer. */
  readonly onEnded: () => void
}

const invalid = 'This key is not valid. Check that it was copied whole, and that it has not expired or been revoked.'

export function SignIn ({ notice, onEntered, onEnded }: SignInProps): VNode {
  const [problem, setProblem] = useState('')
  const [isBusy, setBusy] = useState(false)
  const field = useRef<HTMLInputElement>(null)

  async function enter (event: SubmitEvent): Promise<void> {
    event.preventDefault()
    const key = field.current?.value.trim() ?? ''
    setBusy(true)
    setProblem('')
    const found = await check(key, onEnded).catch(sentence)
    if (typeof found !== 'string') return onEntered(found)
    setProblem(found)
    setBusy(false)
    field.current?.select()
  }

  return html`<div class="signin">
    <h1>Administrators' console</h1>
    <p class="soft">Enter an API key with the scope <code>mlflow:admin</code>. It stays in the memory of this page: when you reload or close
      the page, it is forgotten.</p>
    <form class="card" onSubmit=${enter}>
      <p class="soft" role="status">${notice}</p>
      ${problem === '' ? null : html`<p class="alert" role="alert" id="problem">${problem}</p>`}
      <label for="key">Administrator's API key</label>
      <p><input ref=${field} id="key" type="password" required maxlength="512" autocomplete="off" autocapitalize="none" spellcheck=${false}
        autofocus aria-invalid=${problem !== ''} aria-describedby=${problem === '' ? undefined : 'problem'} /></p>
      <p><button disabled=${isBusy}>Open the console</button></p>
    </form>
    <p class="soft"><a href="/">What this server is</a></p>
  </div>`
}

/** @returns the way in, or why there is none, as a sentence @throws CallError */
async function check (key: string, ended: () => void): Promise<{ readonly api: Api, readonly who: WhoAmI } | string> {
  // A browser puts nothing else into a header.
  if (!/^[\x21-\x7e]+$/.test(key)) return invalid
  let isIn = false
  let isRefused = false
  const api = openApi(key, () => {
    isRefused = true
    if (isIn) ended()
  })
  const who = await api.get<WhoAmI>('/whoami').catch(error => {
    if (isRefused) return undefined
    throw error
  })
  if (who === undefined) return invalid
  if (!who.scopes.includes('mlflow:admin')) return `This key is valid, but has ${who.scopes.join(', ') || 'no scope'} only: the console needs mlflow:admin.`
  if (who.workspaces.length > 0) return `This key is valid, but tied to ${who.workspaces.join(', ')}: the console needs one for all workspaces.`
  isIn = true
  return { api, who }
}
