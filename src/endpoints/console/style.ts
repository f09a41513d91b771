/** How the console looks, over the look of all pages (`page.ts`). */

export const css = `
:root { --line-1: #0b5c8a; --line-2: #b3541e; --line-3: #2e7d32; --line-4: #7b3fa0; --line-5: #b0185f; --line-6: #4d5d6c }
@media (prefers-color-scheme: dark) { :root { --line-1: #7cc7e8; --line-2: #f0a35e; --line-3: #8fd694; --line-4: #c9a0e8; --line-5: #ff8fb1; --line-6: #a9b8c6 } }
body { max-width: 90rem }
.signin { max-width: 28rem; margin: 0 auto }
nav ul { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; margin: 1rem 0; padding: 0; border-bottom: 1px solid var(--line) }
nav a { display: inline-block; padding: .5rem .25rem; text-decoration: none } nav a[aria-current] { color: var(--ink); font-weight: 600; box-shadow: 0 3px var(--accent) }
.filter { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; align-items: end; margin: 0 0 1rem } .filter p { margin: 0 }
.actions { display: flex; flex-wrap: wrap; gap: .5rem } .actions button { padding: .125rem .5rem }
textarea { width: 100%; min-height: 4.5rem; padding: .5rem .75rem; font: .9375rem ui-monospace, monospace; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: .375rem; resize: vertical }
button[disabled] { opacity: .6; cursor: default }
table { width: 100%; border-collapse: collapse; font-size: .9375rem }
th, td { text-align: left; vertical-align: top; padding: .5rem; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
th { font-weight: 600; white-space: nowrap } td.figure { font-variant-numeric: tabular-nums }
td p { margin: 0 } td code { white-space: nowrap }
.state-live, .outcome-allowed { color: var(--soft) } .state-revoked, .state-expired, .state-disabled, .outcome-refused, .outcome-failed { color: var(--alert) }
dialog { width: min(36rem, calc(100vw - 2rem)); max-height: calc(100vh - 2rem); overflow: auto; padding: 1.25rem; color: var(--ink); background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
dialog::backdrop { background: rgb(0 0 0 / .5) }
dialog h2 { margin: 0 0 .5rem } dialog .row { justify-content: flex-start; margin-top: 1rem }
.key { padding: .75rem; border: 1px solid var(--line); border-radius: .375rem; background: var(--paper); font-family: ui-monospace, monospace; overflow-wrap: anywhere }
.said { min-height: 1.5rem }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: 1rem } .tiles .card { margin: 0 }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem } .tiles h3 { margin: 0 }
.chart { overflow: hidden; min-height: 260px }
.span { display: flex; gap: .5rem; align-items: center } .span label { font-weight: 600 } .span select { width: auto }
.swatch { display: inline-block; width: .75rem; height: .75rem; margin-right: .5rem; border-radius: .125rem }
.line-1 { background: var(--line-1) } .line-2 { background: var(--line-2) } .line-3 { background: var(--line-3) } .line-4 { background: var(--line-4) } .line-5 { background: var(--line-5) } .line-6 { background: var(--line-6) }
@media (max-width: 60rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%) }
  table, tbody, tr, td { display: block } tr { padding: .5rem 0; border-bottom: 1px solid var(--line) }
  td { position: relative; min-height: 1.75rem; padding: .125rem 0 .125rem 7.5rem; border: 0 } td::before { content: attr(data-name); position: absolute; left: 0; color: var(--soft) }
  tbody th { display: block; padding: .125rem 0; border: 0 } tbody th + td { padding-left: 0 }
}
`
