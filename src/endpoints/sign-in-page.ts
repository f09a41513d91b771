/** The page where one signs in. */
import { awayPath, signInPath } from '../auth/sign-in.js'
import { escape, pageHeaders, pageHtml } from './page.js'

/** What follows the # of the address (MLflow's pages live there) never reaches a server: it goes along with the form. */
const script = `const next = document.querySelector('[name=next]'); if (!next.value.includes('#')) next.value += location.hash
const away = document.querySelector('#away'); if (away) away.search = '?next=' + encodeURIComponent(next.value)`

export const signInHeaders = pageHeaders([script])

/**
 * @param next where to go afterwards, checked by `safeNext` @param problem why the last try failed, as a sentence
 * @param provider what the identity provider is called, where there is one
 */
export function signInHtml (next: string, problem: string | undefined, provider: string | undefined): string {
  const alert = problem === undefined ? '' : `<p class="alert" role="alert" id="problem">${escape(problem)}</p>\n`
  const invalid = problem === undefined ? '' : ' aria-invalid="true" aria-describedby="problem"'
  // A link: what a form leads to may be no other origin (`form-action`)
  const away = provider === undefined
    ? ''
    : `<p><a class="button" id="away" href="${awayPath}?next=${encodeURIComponent(next)}">Sign in with ${escape(provider)}</a></p>\n<p class="soft">Or with an API key:</p>\n`
  const body = `<h1>Sign in to MLflow</h1>
${away}<p class="soft">Enter the API key that you use with MLflow's client. It is exchanged for a session in this browser, which never has more rights than the key and ends with it.</p>
<form class="card" method="post" action="${signInPath}">
${alert}<label for="key">API key</label>
<p><input id="key" name="key" type="password" required maxlength="512" autocomplete="current-password" autocapitalize="none" spellcheck="false" autofocus${invalid}></p>
<input type="hidden" name="next" value="${escape(next)}">
<p><button>Sign in</button></p>
</form>
<p class="soft">No key? Ask whoever runs this server. <a href="/">What this is, and how to use it from programs</a></p>`
  return pageHtml({ title: 'Sign in to MLflow', body, scriptAtEnd: script }, true)
}
