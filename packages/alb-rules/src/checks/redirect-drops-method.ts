/** Finds redirects that lose the method and body of a POST: a client that follows a 301 or 302 asks again with GET. */
import { extentOf } from '../analysis/extent.js'
import type { Found, Subject } from '../check.js'
import type { Listener, Redirect } from '../model.js'

const posts = extentOf({ conditions: [{ kind: 'http-request-method', values: ['POST'], regexes: [] }] })

export function checkRedirectDropsMethod ({ views, analysis, undecided }: Subject): Found {
  return views.flatMap(({ listener, entries }) => entries.flatMap(entry => {
    const { action, priority } = entry.rule
    if (action.kind !== 'redirect') return []
    const answer = analysis.ask([entry, posts], entry.earlier)
    const base = { listener: listener.label, rule: priority }
    const about = `whether the redirect of rule ${priority} gets a POST`
    if (answer.is === 'unknown') undecided({ ...base, about, why: answer.why, by: [] })
    if (answer.is !== 'yes') return []
    const onlyScheme = changesOnlyScheme(action, listener)
    return [{
      ...base,
      severity: onlyScheme ? 'info' as const : 'warning' as const,
      message: `Rule ${priority} (${entry.target}) answers POST too, and most clients follow a ${action.status} with GET: ` +
        'method and body are lost.',
      fix: onlyScheme
        ? 'Nothing, if clients are told the https address; a load balancer knows no 307 or 308.'
        : `Add an http-request-method condition (GET, HEAD) to rule ${priority} and send the rest to a target ` +
          'that serves it or answers 307 or 308: a load balancer knows neither.',
      witness: analysis.witness(answer.point, listener)
    }]
  }))
}

function changesOnlyScheme ({ protocol, host, path, query }: Redirect, listener: Listener): boolean {
  return protocol !== '#{protocol}' && protocol !== listener.protocol && host === '#{host}' && path === '/#{path}' && query === '#{query}'
}
