/** The check of the platform's other API, to which everything goes that is not ours. */
import { request } from 'undici'
import { baseOf, identify } from '../proxy/headers/identity.js'
import { type Check, error, fine, type Verdict, warning } from './check.js'

const waitMs = 5000
const fix = 'start the server at PLATFORM_UPSTREAM_URL, or correct the URL'
const elsewhere = 'set it to the address of the platform\'s API behind the load balancer'

export const platformChecks: readonly Check[] = [
  {
    id: 'platform',
    about: '`PLATFORM_UPSTREAM_URL` does not answer, or leads to an MLflow or back to the facade',
    async run ({ config: { platformUrl, upstream } }) {
      if (platformUrl === undefined) return fine('PLATFORM_UPSTREAM_URL is unset, so other paths get 404')
      try {
        return await judge(platformUrl, baseOf(upstream.url))
      } catch (fault) {
        const { code, name } = fault as NodeJS.ErrnoException
        return error(`${platformUrl.origin} does not answer (${code ?? name}): every other path ends in 502.`, fix)
      }
    }
  }
]

async function judge (platformUrl: URL, mlflowBase: string): Promise<Verdict> {
  const { origin } = platformUrl
  switch (await identify(async path => await ask(origin + path), [baseOf(platformUrl), mlflowBase])) {
    case 'mlflow':
      return error(
        'PLATFORM_UPSTREAM_URL leads to an MLflow, which callers would reach without a key: nothing is forwarded, and every other path ends in 502.',
        `${elsewhere}, or unset it`
      )
    case 'facade':
      return error(
        'PLATFORM_UPSTREAM_URL leads back to the facade: nothing is forwarded, and every other path ends in 502.',
        elsewhere
      )
    case 'unclear':
      return warning(
        `${origin} answers with an error when probed for MLflow. Nothing is forwarded until it is known not to be one.`,
        'find out why it answers 429 or 5xx to paths that it does not have'
      )
    case 'other':
      return fine(`${origin} answers`)
  }
}

async function ask (url: string): Promise<{ status: number, contentType: string, body: string }> {
  const { statusCode, headers, body } = await request(url, { signal: AbortSignal.timeout(waitMs) })
  return { status: statusCode, contentType: String(headers['content-type'] ?? ''), body: (await body.text()).slice(0, 10_000) }
}
