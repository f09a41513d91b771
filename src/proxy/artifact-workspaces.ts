/** Which paths of artifacts a key may name where MLflow keeps workspaces apart; MLflow's own guard can be passed by. */
import type { FastifyRequest } from 'fastify'
import { artifactPaths, climbs, holdsEveryWorkspace, leavesWorkspaces } from '../access/artifact-path.js'
import { FacadeError } from '../core/errors.js'

/**
 * Checks the artifact paths of a key that is tied to workspaces.
 * @param chosen the workspace that MLflow is told
 * @throws FacadeError 403
 */
export function checkArtifactPaths ({ caller, operation, context: { target } }: FastifyRequest, chosen: string | undefined): void {
  const own = caller?.workspaces ?? []
  if (own.length === 0) return
  const { store, run } = artifactPaths(operation?.path ?? '', target.query)
  if (store.some(path => leavesWorkspaces(path, own, chosen ?? 'default')) || run.some(climbs)) {
    const message = `This API key is limited to the workspaces ${own.join(', ')}, and the artifact path is outside them.`
    throw new FacadeError('forbidden', { reason: 'workspace', message })
  }
}

/**
 * The refusal of the root of the artifact store and of the folder of all workspaces, for a key that is tied to nothing
 * and no administrator's.
 */
export function wholeStoreProblem ({ caller, operation, context: { target } }: FastifyRequest): FacadeError | undefined {
  if (operation?.match?.operation?.area !== 'Artifacts' || caller === undefined) return undefined
  if (caller.workspaces.length > 0 || caller.scopes.has('mlflow:admin')) return undefined
  if (!artifactPaths(operation.path, target.query).store.some(holdsEveryWorkspace)) return undefined
  const message = 'The artifact path covers the files of all workspaces: this needs the scope mlflow:admin, which the API key does not have.'
  return new FacadeError('forbidden', { reason: 'scope', message })
}
