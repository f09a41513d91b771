/** Fronts that take the mount off a path before they pass it on (Traefik's StripPrefix, Caddy's handle_path, a `proxy_pass` with a path in nginx), and say so. */
import { mount } from '../mlflow/paths.js'

/** What of ours MLflow has no path for: it stays where it is. `/`, `/health` and `/version` are there under the mount as well, and then MLflow's are meant. */
const ours = /^\/(?:live|ready|docs|openapi\.json|openapi\.yaml|whoami|login|logout|console|admin)(?![^/?])/
/** Paths that lie under the mount already, or under the old one. */
const mounted = /^(?:\/api)?\/mlflow(?![^/?])/

/**
 * Whether a front says that it took the mount off. It need not be one that is trusted: whoever forges this header gets
 * what the path under the mount would have given, by the same key and the same judgement.
 * @param prefix value of X-Forwarded-Prefix; the front that is next to us stands last
 */
export function isStripped (prefix: string | string[] | undefined): boolean {
  return typeof prefix === 'string' && (prefix.endsWith(mount) || prefix.endsWith(`${mount}/`))
}

/** The request target as it was before the front took the mount off. */
export function restoreMount (target: string, prefix: string | string[] | undefined): string {
  return prefix !== undefined && isStripped(prefix) && target.startsWith('/') && !mounted.test(target) && !ours.test(target) ? mount + target : target
}
