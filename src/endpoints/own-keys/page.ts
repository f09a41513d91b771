/** The pages at `/keys`: a person's keys with the form for another one, and the key that was made. */
import { withoutIncluded } from '../../access/scopes.js'
import { ownKeysPath, signInPath } from '../../auth/sign-in.js'
import { mount } from '../../core/public-paths.js'
import type { Caller, IssuedKey, KeyRecord } from '../../keys/contract.js'
import { copyHtml, copyScript } from '../copy.js'
import { escape, pageHeaders, pageHtml } from '../page.js'
import { scopesOf } from './grant.js'

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** How long a key may be asked to live, besides as long as it may. */
const lifetimes = [7, 30, 90, 365]

export const listHeaders = pageHeaders([])

/**
 * Of the page that shows a key. In a sandbox its origin is nobody's: no script of MLflow's pages reads what stands in it, not even one that
 * has sent the form into a window that it opened.
 */
export const issuedHeaders = sandboxed(pageHeaders([copyScript]))

function sandboxed (headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { 'content-security-policy': policy = '' } = headers
  return { ...headers, 'content-security-policy': `${policy}; sandbox allow-scripts` }
}

export interface ListPage {
  readonly person: Caller
  readonly keys: readonly KeyRecord[]
  readonly lifetimeMs: number
  /** Why what was asked for was not done, as a sentence. */
  readonly problem?: string | undefined
}

export function listHtml ({ person, keys, lifetimeMs, problem }: ListPage): string {
  const alert = problem === undefined ? '' : `<p class="alert" role="alert">${escape(problem)}</p>\n`
  const body = `<h1>Your keys</h1>
<p class="soft">For programs of ${escape(person.userId)}. A key can do at most what you can now, and ends by itself. It does not end when you lose a role or leave: revoke it, or have it revoked.</p>
${alert}${keys.length === 0 ? '<p>You have none.</p>' : keys.map(keyHtml).join('\n')}
<h2>Make a key</h2>
<form class="card" method="post" action="${ownKeysPath}">
<label for="name">Name</label>
<p><input id="name" name="name" required maxlength="200" autocomplete="off" aria-describedby="name-hint"></p>
<p class="soft" id="name-hint">What it is for, such as "nightly training".</p>
<fieldset><legend>It may</legend>
${scopesOf(person).map(scope => `<label><input type="checkbox" name="${scope}" checked> ${deeds[scope]}</label>`).join('\n')}
</fieldset>
${workspacesHtml(person)}${permissionsHtml(person)}<label for="expires_in">It ends</label>
<p><select id="expires_in" name="expires_in">${lifetimesHtml(lifetimeMs)}</select></p>
<p><button>Make the key</button></p>
</form>
<p><a href="/">Start page</a> · <a href="${mount}/">MLflow</a></p>`
  return pageHtml({ title: 'Your keys', body })
}

const deeds = {
  'mlflow:read': 'look at everything (mlflow:read)',
  'mlflow:write': 'look at everything and change it (mlflow:write)',
  'mlflow:gateway': 'call models through the gateway (mlflow:gateway)',
  'mlflow:admin': 'administer (mlflow:admin)'
}

function workspacesHtml ({ workspaces }: Caller): string {
  const hint = workspaces.length === 0 ? 'Names with commas between; nothing: all.' : `Of ${workspaces.join(', ')}, with commas between; nothing: all of these.`
  return `<label for="workspaces">In the workspaces</label>
<p><input id="workspaces" name="workspaces" maxlength="2000" autocomplete="off" aria-describedby="workspaces-hint"></p>
<p class="soft" id="workspaces-hint">${escape(hint)}</p>
`
}

function permissionsHtml ({ permissions }: Caller): string {
  if (permissions === undefined) return ''
  return `<p class="soft">Like you, it is bound to ${permissions.texts.map(text => `<code>${escape(text)}</code>`).join(', ')}.</p>\n`
}

function lifetimesHtml (lifetimeMs: number): string {
  const shorter = lifetimes.filter(days => days * dayMs < lifetimeMs).map(days => `<option value="${days}d">in ${days} days</option>`)
  const longest = lifetimeMs % dayMs === 0 ? `in ${lifetimeMs / dayMs} days` : `in ${Math.round(lifetimeMs / hourMs * 10) / 10} hours`
  return [`<option value="">${longest}</option>`, ...shorter.reverse()].join('')
}

function keyHtml ({ keyId, name, hint, scopes, workspaces, disabledAt, expiresAt, lastUsedAt }: KeyRecord): string {
  const where = workspaces.length === 0 ? '' : ` in ${workspaces.join(', ')}`
  const facts = [
    `${withoutIncluded(scopes).join(', ') || 'no scope'}${where}`,
    lastUsedAt === undefined ? 'never used' : `last used ${moment(lastUsedAt)}`,
    expiresAt === undefined ? 'does not expire' : `ends ${moment(expiresAt)}`,
    ...disabledAt === undefined ? [] : ['disabled']
  ]
  return `<div class="card row"><div><p><strong>${escape(name)}</strong> <code>${escape(hint)}</code></p>
<p class="soft">${escape(facts.join('; '))}</p></div>
<form method="post" action="${ownKeysPath}/${encodeURIComponent(keyId)}/revoke"><button class="grave" aria-label="Revoke ${escape(name)}">Revoke</button></form></div>`
}

function moment (at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

export function issuedHtml ({ key, record: { name, expiresAt } }: IssuedKey): string {
  const body = `<h1>The key ${escape(name)}</h1>
<p>Copy it now: only its hash is kept, and it is not shown again.${expiresAt === undefined ? '' : ` It ends ${moment(expiresAt)}.`}</p>
${copyHtml('the key', key)}
<p><a href="${ownKeysPath}">Your keys</a></p>`
  return pageHtml({ title: 'A key of yours', body, scriptAtEnd: copyScript })
}

/** For whoever is none of those whom the page is for. */
export function refusedHtml (problem: string): string {
  const body = `<h1>Your keys</h1>
<p class="alert" role="alert">${escape(problem)}</p>
<p><a href="${signInPath}?next=${encodeURIComponent(ownKeysPath)}">Sign in</a> · <a href="/">Start page</a></p>`
  return pageHtml({ title: 'Your keys', body }, true)
}
