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
const unknown = 'the public address of the facade is unknown: set PUBLIC_URL, or use --url'

export const frontChecks: readonly Check[] = [
  {
    id: 'front-reachable',
    about: 'the public URL does not lead to the facade: it does not answer, or a load balancer sends requests elsewhere',
    async run ({ front }) {
      if (front === undefined) return skipped(unknown)
      const answer = await ask(front.url, '/version').catch((fault: NodeJS.ErrnoException) => fault.code ?? fault.name)
      if (typeof answer === 'string') {
        return front.asked
          ? error(
              `${front.url.origin} does not answer (${answer}).`,
              'check that the facade and the proxy in front of it run, and that the name resolves'
          )
          : skipped(`PUBLIC_URL cannot be reached from here (${answer})`)
      }
      if (!isFacade(answer.body)) {
        return error(
          `The server that answers at ${front.url.origin} is not the facade.`,
          `make the load balancer's rules send ${mount}, ${mount}/* and the old paths to the facade: hokusai-mlflow routes explain RULES ${front.url.origin}${mount}/`
        )
      }
      return fine(`the facade answers at ${front.url.origin}`)
    }
  },
  {
    id: 'front-prefix',
    about: 'the proxy in front of the facade strips `/mlflow` from paths without saying so',
    async run ({ front }) {
      if (front === undefined) return skipped(unknown)
      const answer = await ask(front.url, newPath).catch(() => undefined)
      if (answer === undefined) return skipped(`${front.url.origin} does not answer`)
      // A new path that is answered as an old one has arrived without its mount.
      if (answer.headers['deprecation'] === undefined) return fine(`${newPath} arrives unchanged`)
      const fix = `your proxy strips ${mount}: do not strip it; or have the proxy send X-Forwarded-Prefix: ${mount}, or set LEGACY_PATHS=forward (docs/behind-a-proxy.md)`
      if (answer.headers['location'] === newPath) {
        return error(`GET ${newPath} is redirected to itself, so clients end up in a redirect loop.`, fix)
      }
      if (answer.status === 410) return error(`${newPath} arrives as an old path, and old paths have ended here.`, fix)
      return warning(
        `${newPath} arrives as an old path, so MLflow's web UI is missing under ${mount}/ and clients are told that they use a deprecated path.`,
        fix
      )
    }
  },
  {
    id: 'origin',
    about: 'web pages under the public origin cannot write, because `PUBLIC_URL` or the `Host` header that arrives does not match it',
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
          `The facade treats ${front.url.origin} as a foreign origin: in a browser, every write ends in 403.`,
          `set PUBLIC_URL=${front.url.origin}, or have the proxy in front pass the Host header unchanged`
        )
      }
      return fine(`pages under ${front.url.origin} may write`)
    }
  },
  {
    id: 'upload-limit',
    about: 'a proxy in front of the facade limits or buffers large uploads',
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
      'The proxy in front of the facade refuses an upload of 1 GiB with 413.',
      'raise its limit: client_max_body_size 0 in nginx, proxy-body-size "0" for its ingress'
    )
  }
  if (status === 'silence') {
    return warning(
      'The proxy in front of the facade buffers the whole upload before it forwards any of it.',
      'turn request buffering off: proxy_request_buffering off in nginx'
    )
  }
  return status === 401 ? fine('an upload of 1 GiB reaches the facade') : skipped(`${url.origin} does not allow the test (${status})`)
}
