/** Where MLflow lives in public: under one mount now, at two kinds of old paths before (ADR 0001). */

/** Without a slash at its end. */
export const mount = '/mlflow'

/** The path below the mount, as MLflow knows it, or undefined where a path is not below the mount. */
export function belowMount (path: string): string | undefined {
  return path.startsWith(mount + '/') ? path.slice(mount.length) : undefined
}

const oldMount = /^\/api\/mlflow(?=\/|$)/
const oldBare = /^\/(?:ajax-)?api\/(?:[23]\.0\/mlflow|2\.0\/mlflow-artifacts)\//

/**
 * The new path of an old one, or undefined where a path is not an old one.
 * What comes back always begins with `/mlflow/`, so that it can stand in a relative Location.
 */
export function successor (path: string): string | undefined {
  if (oldMount.test(path)) return path === '/api/mlflow' ? `${mount}/` : path.replace(oldMount, mount)
  return oldBare.test(path) ? mount + path : undefined
}

/** The routes under which old paths arrive, for the router; `successor` decides. */
export const oldRoutes: readonly string[] = [
  '/api/mlflow', '/api/mlflow/*',
  ...['/api', '/ajax-api'].flatMap(root => [`${root}/2.0/mlflow/*`, `${root}/3.0/mlflow/*`, `${root}/2.0/mlflow-artifacts/*`])
]
