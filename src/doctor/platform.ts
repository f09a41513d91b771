/** The check of the platform's other API, to which everything goes that is not ours. */
import { request } from 'undici'
import { isFacade } from './front.js'
import { type Check, error, fine } from './check.js'

const waitMs = 5000
const mend = 'start what PLATFORM_UPSTREAM_URL names, or correct it'

export const platformChecks: readonly Check[] = [
  {
    id: 'platform',
    about: 'the platform\'s other API answers at `PLATFORM_UPSTREAM_URL`, and it is not the facade itself',
    async run ({ config: { platformUrl } }) {
      if (platformUrl === undefined) return fine('PLATFORM_UPSTREAM_URL is unset, so what is not ours is 404')
      try {
        const answer = await request(new URL('/version', platformUrl), { signal: AbortSignal.timeout(waitMs) })
        if (!isFacade((await answer.body.text()).slice(0, 10_000))) return fine(`${platformUrl.origin} answers`)
      } catch (fault) {
        const { code, name } = fault as NodeJS.ErrnoException
        return error(`${platformUrl.origin} does not answer (${code ?? name}): every path that is not ours ends in 502.`, mend)
      }
      return error('PLATFORM_UPSTREAM_URL leads back to the facade, so that every path that is not ours goes round in circles.', 'set it to the address of the platform\'s API behind the load balancer')
    }
  }
]
