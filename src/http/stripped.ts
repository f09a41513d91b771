/** Fronts that take the mount off a path and say so: Traefik's StripPrefix, Caddy's handle_path, a `proxy_pass` with a path in nginx. */
import { mount } from '../core/public-paths.js'
import { isFacadeOnly } from './own.js'

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

/**
 * The request target as it was before the front took the mount off. What of ours MLflow has no path for stays where it is;
 * of `/`, `/health` and `/version`, which both have, MLflow's are meant.
 */
export function restoreMount (target: string, prefix: string | string[] | undefined): string {
  if (prefix === undefined || !isStripped(prefix)) return target
  const [path = ''] = target.split('?', 1)
  return target.startsWith('/') && !mounted.test(target) && !isFacadeOnly(path) ? mount + target : target
}
