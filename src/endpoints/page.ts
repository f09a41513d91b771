/** The pages that the facade has for people: one look, no outside host, and a policy that lets nothing run but what stands in them. */
import { createHash } from 'node:crypto'
import { iconUrl } from './icon.js'

export interface Page {
  readonly title: string
  /** HTML: whatever comes from outside has gone through `escape`. */
  readonly body: string
  /** Runs before the body is read. */
  readonly script?: string
  /** Runs when the body has been read. */
  readonly scriptAtEnd?: string
  /** HTML that ends the head. */
  readonly head?: string
}

/** Shadows where there is more to scroll to, for browsers that hide scroll bars: the covers move with the text, the shadows stay. */
const edges = [
  'linear-gradient(to right, var(--card) 50%, transparent) left / 1.5rem 100% no-repeat local',
  'linear-gradient(to left, var(--card) 50%, transparent) right / 1.5rem 100% no-repeat local',
  'linear-gradient(to right, var(--soft), transparent) left / .5rem 100% no-repeat scroll',
  'linear-gradient(to left, var(--soft), transparent) right / .5rem 100% no-repeat scroll',
  'var(--card)'
].join(', ')

const style = `
:root { color-scheme: light dark; --ink: #1b2733; --soft: #4d5d6c; --paper: #f6f8fa; --card: #fff; --line: #cfd8e1; --accent: #0b5c8a; --on-accent: #fff; --alert: #a3221a; font: 16px/1.5 system-ui, sans-serif }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #a9b8c6; --paper: #0f1720; --card: #17222d; --line: #33424f; --accent: #7cc7e8; --on-accent: #0b1620; --alert: #ffb4ab } }
* { box-sizing: border-box }
body { max-width: 48rem; margin: 0 auto; padding: 2rem 1rem; color: var(--ink); background: var(--paper) }
body.narrow { max-width: 28rem }
h1 { font-size: 1.5rem; margin: 0 0 .5rem } h2 { font-size: 1.1rem; margin: 1.5rem 0 .25rem } p { margin: .25rem 0 }
a { color: var(--accent) }
pre, .card { border: 1px solid var(--line); border-radius: .5rem; background: var(--card) }
pre { padding: .75rem; overflow-x: auto; background: ${edges} } code { overflow-wrap: anywhere }
.card { padding: 1rem; margin: 1rem 0 } .soft { color: var(--soft) } .alert { color: var(--alert); font-weight: 600 }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; justify-content: space-between }
form p { margin: .5rem 0 } label { display: block; font-weight: 600; margin-bottom: .25rem }
input, select, button, .button { font: inherit; border-radius: .375rem; padding: .5rem .75rem; border: 1px solid var(--line) }
input, select { width: 100%; height: 2.625rem; color: inherit; background: var(--paper) } input[type=checkbox] { width: auto; height: auto; margin: 0 .5rem 0 0 }
fieldset { border: 1px solid var(--line); border-radius: .375rem; margin: .5rem 0; padding: .5rem .75rem } fieldset label { font-weight: 400; margin: 0 } legend { font-weight: 600 }
button.plain { color: var(--accent); background: transparent; border-color: var(--line) } button.grave { color: var(--alert); background: transparent; border-color: currentColor }
[hidden] { display: none }
button, .button { display: inline-block; color: var(--on-accent); background: var(--accent); border-color: var(--accent); text-decoration: none; cursor: pointer }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
@media (prefers-reduced-motion: no-preference) { button, .button { transition: opacity .15s } button:hover, .button:hover { opacity: .9 } }
`

export function pageHtml ({ title, body, script, scriptAtEnd, head = '' }: Page, isNarrow: boolean = false): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<link rel="icon" href="${iconUrl}">
${script === undefined ? '' : `<script>${script}</script>\n`}<style>${style}</style>
${head}</head>
<body${isNarrow ? ' class="narrow"' : ''}>
<main>
${body}
</main>
${scriptAtEnd === undefined ? '' : `<script>${scriptAtEnd}</script>\n`}</body>
</html>
`
}

/**
 * The headers of a page with these scripts. The referrer policy is one that lets a browser say with a form where it comes from: with
 * `no-referrer` its `Origin` is `null`.
 * @param isProgram whether the page is a program: it loads files of ours and calls us, and its forms lead nowhere
 */
export function pageHeaders (scripts: readonly string[], isProgram: boolean = false): Readonly<Record<string, string>> {
  const files = isProgram ? ["'self'"] : []
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `script-src ${[...files, ...scripts.map(sourceHash)].join(' ')}`,
    `style-src ${[...files, sourceHash(style)].join(' ')}`,
    "base-uri 'none'",
    ...isProgram
      ? ["connect-src 'self'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"]
      : ["form-action 'self'", "frame-ancestors 'self'"]
  ]
  return { 'content-security-policy': policy.join('; '), 'referrer-policy': 'same-origin', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' }
}

export function escape (text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

function sourceHash (source: string): string {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`
}
