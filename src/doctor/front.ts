/** Checks of the way that people take: through what stands before the facade. */
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { request } from 'undici'
import { mount } from '../core/public-paths.js'
import { isFacade } from '../proxy/headers/identity.js'
import { type Check, error, fine, type DoctorContext, skipped, type Verdict, warning } from './check.js'

const waitMs = 5000
/** A model of some size; nothing of it is sent. */
const uploadBytes = 2 ** 30
const newPath = `${mount}/api/2.0/mlflow/experiments/get`
const unknown = 'where people reach the facade is not known: set PUBLIC_URL, or use --url'

export const frontChecks: readonly Check[] = [
  {
    id: 'front-reachable',
    about: 'the facade answers where people reach it: no rule of a load balancer sends them elsewhere',
    async run ({ front }) {
      if (front === undefined) return skipped(unknown)
      const answer = await ask(front.url, '/version').catch((fault: NodeJS.ErrnoException) => fault.code ?? fault.name)
      if (typeof answer === 'string') {
        return front.asked
          ? error(
              `${front.url.origin} does not answer (${answer}).`,
              'see that the facade and what stands before it run, and that the name resolves'
          )
          : skipped(`PUBLIC_URL cannot be reached from here (${answer})`)
      }
      if (!isFacade(answer.body)) {
        return error(
          `What answers at ${front.url.origin} is not the facade.`,
          `let the load balancer's rules send ${mount}, ${mount}/* and the old paths to it: hokusai-mlflow routes explain RULES ${front.url.origin}${mount}/`
        )
      }
      return fine(`the facade answers at ${front.url.origin}`)
    }
  },
  {
    id: 'front-prefix',
    about: 'what stands before the facade passes paths on as they are, with `/mlflow`',
    async run ({ front }) {
      if (front === undefined) return skipped(unknown)
      const answer = await ask(front.url, newPath).catch(() => undefined)
      if (answer === undefined) return skipped(`${front.url.origin} does not answer`)
      // A new path that is answered as an old one has arrived without its mount.
      if (answer.headers['deprecation'] === undefined) return fine(`${newPath} arrives as it was sent`)
      const fix = `your proxy takes ${mount} off: do not strip it, or set LEGACY_PATHS=forward; or let it send X-Forwarded-Prefix: ${mount} (docs/behind-a-proxy.md)`
      if (answer.headers['location'] === newPath) {
        return error(`GET ${newPath} is redirected to itself, so clients go round in circles.`, fix)
      }
      if (answer.status === 410) return error(`${newPath} arrives as an old path, which has ended here.`, fix)
      return warning(
        `${newPath} arrives as an old path, so MLflow's pages are missing under ${mount}/ and clients are told that they use a deprecated path.`,
        fix
      )
    }
  },
  {
    id: 'origin',
    about: 'pages under the public origin may write: `PUBLIC_URL` and what arrives as `Host` agree with it',
    async run ({ front, key }) {
      if (front === undefined) return skipped(unknown)
      if (key === undefined) return skipped('no key was given: set HOKUSAI_API_KEY, or use --key')
      const answer = await ask(
        front.url,
        `${mount}/api/2.0/mlflow/experiments/search`,
        { authorization: `Bearer ${key}`, origin: front.url.origin, 'content-type': 'application/json' },
        '{"max_results":1}'
      ).catch(() => undefined)
      if (answer === undefined) return skipped(`${front.url.origin} does not answer`)
      if (answer.status === 403 && answer.body.includes('may not write here')) {
        return error(
          `The facade takes ${front.url.origin} for a foreign origin: in a browser everything that writes ends in 403.`,
          `set PUBLIC_URL=${front.url.origin}, or let what stands before the facade pass Host on`
        )
      }
      return fine(`pages of ${front.url.origin} may write`)
    }
  },
  {
    id: 'upload-limit',
    about: 'nothing before the facade limits or buffers large uploads',
    async run ({ front }) {
      if (front === undefined) return skipped(unknown)
      return await tryUpload(front)
    }
  }
]

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

async function ask (base: URL, path: string, headers: Record<string, string> = {}, body?: string): Promise<Answer> {
  const answer = await request(base.origin + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    body: body ?? null,
    signal: AbortSignal.timeout(waitMs)
  })
  return { status: answer.statusCode, headers: answer.headers, body: (await answer.body.text()).slice(0, 10_000) }
}

/** Announces a large upload without a key: the facade refuses it from its head alone, so nothing is stored. */
async function tryUpload ({ url }: NonNullable<DoctorContext['front']>): Promise<Verdict> {
  const status = await new Promise<number | string>(resolve => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest
    const upload = send(new URL(`${mount}/api/2.0/mlflow-artifacts/artifacts/.hokusai-mlflow-probe`, url), {
      method: 'PUT',
      agent: false,
      timeout: waitMs,
      headers: { 'content-length': uploadBytes }
    })
    upload.once('response', answer => {
      resolve(answer.statusCode ?? 0)
      upload.destroy()
    })
    upload.once('timeout', () => {
      resolve('silence')
      upload.destroy()
    })
    upload.once('error', (fault: NodeJS.ErrnoException) => resolve(fault.code ?? fault.name))
    upload.flushHeaders()
  })
  if (status === 413) {
    return warning(
      'What stands before the facade refuses an upload of 1 GiB with 413.',
      'raise its limit: client_max_body_size 0 in nginx, proxy-body-size "0" for its ingress'
    )
  }
  if (status === 'silence') {
    return warning(
      'What stands before the facade waits for the whole of an upload before it passes any of it on.',
      'switch that off: proxy_request_buffering off in nginx'
    )
  }
  return status === 401 ? fine('an upload of 1 GiB reaches the facade') : skipped(`${url.origin} does not let it be tried (${status})`)
}
