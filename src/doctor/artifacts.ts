/** Checks of where artifacts go, and whether they take the way through the facade. */
import { prefixFor } from '../mlflow/layout.js'
import { mount } from '../core/public-paths.js'
import { type Check, error, fine, skipped, warning } from './check.js'
import { notRunning } from './mlflow.js'

export const artifactChecks: readonly Check[] = [
  {
    id: 'artifacts-served',
    about: 'MLflow does not serve artifacts (`--no-serve-artifacts`), or cannot reach its artifact storage',
    async run ({ upstream, layout }) {
      if (upstream === undefined || layout === undefined) return skipped(notRunning)
      const { status, body } = await upstream.probe(
        `${prefixFor(layout, 'rest', 'GET')}/api/2.0/mlflow-artifacts/artifacts?path=.hokusai-mlflow-probe`
      )
      if (status === 503 && body.includes('serve-artifacts')) {
        return error(
          'MLflow runs with --no-serve-artifacts, so clients cannot store artifacts through the facade.',
          'start MLflow with --serve-artifacts --artifacts-destination DESTINATION (such as s3://bucket/path)'
        )
      }
      if (status >= 500) {
        return error(
          `MLflow answers ${status} when asked to list artifacts: it cannot reach its storage.`,
          "check MLflow's own log and the credentials for its --artifacts-destination"
        )
      }
      return fine('artifacts are served')
    }
  },
  {
    id: 'artifact-root',
    about: 'new experiments store artifacts at a location that clients access directly, bypassing the facade (`--default-artifact-root`)',
    async run ({ config: { publicUrl }, upstream, layout }) {
      if (upstream === undefined || layout === undefined) return skipped(notRunning)
      const answer = await upstream.probe(`${prefixFor(layout, 'rest', 'POST')}/api/2.0/mlflow/experiments/search`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"max_results":20}'
      })
      const places = locations(answer.body)
      if (answer.status !== 200) return skipped(`MLflow answers ${answer.status} when asked to list its experiments`)
      const around = places.filter(place => !isThroughFacade(place, publicUrl))
      const [example] = around
      if (example === undefined) {
        return fine(places.length === 0 ? 'there are no experiments yet' : 'artifacts go through the facade')
      }
      const own = publicUrl === undefined ? '' : `, or ${publicUrl.origin}${mount}/api/2.0/mlflow-artifacts/artifacts`
      return warning(
        `${around.length} of the ${places.length} newest experiments store artifacts at ${shorten(example)}: clients access them directly, bypassing the facade and its keys.`,
        `start MLflow with --default-artifact-root mlflow-artifacts:/${own}; existing experiments keep their location`
      )
    }
  },
  {
    id: 'chunked-uploads',
    about: 'never a finding: says whether this MLflow reads chunked uploads as empty (3.x does, with status 200), so that the facade spools them',
    run ({ config: { spoolMaxBytes }, layout }) {
      if (layout === undefined) return skipped(notRunning)
      if (!layout.chunkedIsEmpty) return fine('MLflow reads chunked uploads')
      return fine(`this MLflow reads chunked bodies as empty: the facade spools them in DATA_DIR, up to ${spoolMaxBytes} bytes`)
    }
  }
]

/** Read by pattern: of a long answer only the beginning is there. */
function locations (text: string): string[] {
  return Array.from(text.matchAll(/"artifact_location":\s*"((?:[^"\\]|\\.)*)"/g), ([, place = '']) => place)
}

/** `mlflow-artifacts:/path` resolves against the tracking URI; one with a host goes to that host. */
function isThroughFacade (place: string, publicUrl: URL | undefined): boolean {
  if (/^mlflow-artifacts:\/(?!\/[^/])/.test(place)) return true
  const { host } = URL.canParse(place) ? new URL(place) : { host: '' }
  if (place.startsWith('mlflow-artifacts:')) return host === publicUrl?.host
  return publicUrl !== undefined && place.startsWith(`${publicUrl.origin}${mount}/`)
}

/** Where it goes without what may be secret in it. */
function shorten (place: string): string {
  if (!URL.canParse(place)) return place.startsWith('/') ? 'a folder on the server' : 'a relative path'
  const { protocol, host } = new URL(place)
  return protocol === 'file:' ? 'a folder on the server' : `${protocol}//${host}/…`
}
