/**
 * Keeps watch over what answers at `PLATFORM_UPSTREAM_URL`: nothing is passed on to an MLflow, which would be one
 * without keys, nor to the facade itself.
 */
import { FacadeError } from '../../core/errors.js'
import { nameFault, type ProbeAnswer, type Upstream } from '../../mlflow/pool.js'

const experiment = '/api/2.0/mlflow/experiments/get?experiment_id=0'
const intervalMs = 60_000
const longestProbeMs = 5000

/** What answers; `unclear`: a fault of the moment, which an MLflow could have, too. */
export type Identity = 'mlflow' | 'facade' | 'other' | 'unclear'

/**
 * Asks what is behind a URL; nothing is written.
 * @param bases paths under which an MLflow there could have its prefix, besides none
 * @throws what `ask` throws
 */
export async function identify (ask: (path: string) => Promise<ProbeAnswer>, bases: readonly string[]): Promise<Identity> {
  // With a prefix, MLflow keeps REST at the root (up to 3.11), and what its pages call under the prefix (all of them).
  const questions = [experiment, ...[...new Set(['', ...bases])].map(base => `${base}/ajax-api${experiment.slice('/api'.length)}`)]
  const [version, ...answers] = await Promise.all([ask('/version'), ...questions.map(ask)])
  if (version !== undefined && isFacade(version.body)) return 'facade'
  if (answers.some(isMlflow)) return 'mlflow'
  return answers.some(({ status }) => status === 429 || status >= 500) ? 'unclear' : 'other'
}

/** The path of a URL as a base: without a slash at the end. */
export function baseOf (url: URL | undefined): string {
  return url?.pathname.replace(/\/+$/, '') ?? ''
}

/** Whether an answer to `/version` is the facade's. */
export function isFacade (body: string): boolean {
  try {
    const { version, mlflow } = JSON.parse(body) as { version?: unknown, mlflow?: unknown }
    return typeof version === 'string' && mlflow !== undefined
  } catch {
    return false
  }
}

/**
 * A platform may have error codes of its own in JSON, so that one alone says nothing where it could stand for "no such
 * path" or "no credentials".
 */
function isMlflow ({ status, body }: ProbeAnswer): boolean {
  switch (status) {
    case 200: return /^\s*\{\s*"experiment"\s*:/.test(body)
    case 400: return /"error_code"\s*:/.test(body)
    case 401: return body.includes('mlflow.org/') // its basic-auth app
    case 403: return body.includes('Invalid Host header') // it takes the caller's
    default: return body.includes('"RESOURCE_DOES_NOT_EXIST"')
  }
}

export interface Watch {
  /** Whether requests may be passed on without a further question. */
  readonly isOther: boolean
  /** Resolves when requests may be passed on. Throws the error to answer with. */
  admit: () => Promise<void>
  close: () => void
}

/**
 * Asks at once and every minute, and before the next request where it is not known what answers.
 * @param onChange is told why nothing is passed on, or undefined when it is again
 */
export function watchIdentity (upstream: Upstream, { bases, timeoutMs, everyMs = intervalMs, onChange }: {
  readonly bases: readonly string[]
  readonly timeoutMs: number
  readonly everyMs?: number
  readonly onChange: (problem: string | undefined) => void
}): Watch {
  let identity: Exclude<Identity, 'unclear'> | undefined
  let problem: string | undefined
  let looking: Promise<void> | undefined

  const look = async (): Promise<void> => await (looking ??= ask().finally(() => { looking = undefined }))
  const tick = setInterval(() => { look().catch(() => {}) }, everyMs).unref()
  look().catch(() => {}) // requests ask again
  return {
    get isOther () { return identity === 'other' },
    async admit () {
      if (identity === undefined) await look()
      if (identity !== 'other') {
        throw new FacadeError('badGateway', {
          message: `${sayings[identity ?? 'unclear']} Nothing is forwarded to it.`,
          reason: 'platform_identity'
        })
      }
    },
    close: () => clearInterval(tick)
  }

  async function ask (): Promise<void> {
    try {
      const found = await identify(async path => await upstream.probe(path, { timeoutMs: Math.min(timeoutMs, longestProbeMs) }), bases)
      // A fault of the moment changes nothing about what is known.
      if (found !== 'unclear') identity = found
      tell(identity === 'other' ? undefined : sayings[identity ?? 'unclear'])
    } catch (error) {
      // One that is slow is the same one; behind a broken connection may come another.
      if ((error as Error).name === 'TimeoutError') {
        throw new FacadeError('timeout', { message: 'The platform did not answer in time.', reason: 'upstream_timeout', cause: error })
      }
      identity = undefined
      throw nameFault(error as Error, 'the platform')
    }
  }

  function tell (now: string | undefined): void {
    if (now === problem) return
    problem = now
    onChange(now)
  }
}

const sayings: Readonly<Record<Exclude<Identity, 'other'>, string>> = {
  mlflow: 'The platform is an MLflow, which may be reached only with a key.',
  facade: 'The platform is this server itself.',
  unclear: 'The platform has not been identified yet.'
}
