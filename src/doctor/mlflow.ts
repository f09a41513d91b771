/** Checks of the MLflow behind: can it be reached, is it understood, does it let us through. */
import { join, resolve } from 'node:path'
import { databaseFault } from '../mlflow/managed/database.js'
import { environmentIn } from '../mlflow/managed/environment.js'
import { pinned } from '../mlflow/managed/pinned.js'
import { LocalMlflowError } from '../mlflow/managed/problem.js'
import { findTools } from '../mlflow/managed/python.js'
import { describeNewer, findUnknownPaths, isNewer } from '../mlflow/newer.js'
import { nameFault, type Upstream } from '../mlflow/pool.js'
import { compareVersions, minor, newest, oldest } from '../mlflow/versions.js'
import { mount } from '../core/public-paths.js'
import { type Check, error, fine, type DoctorContext, skipped, type Verdict, warning } from './check.js'
import { type ConnectionFacts, speaksTls, watchConnection } from './connection.js'

const skewMaxMs = 30_000
const experiment = '/api/2.0/mlflow/experiments/get?experiment_id=0'
export const notRunning = 'MLflow does not answer, or is not recognised'

export const mlflowChecks: readonly Check[] = [
  {
    id: 'own-mlflow',
    about: 'the built-in MLflow cannot be installed or started: Python, its environment or its database',
    async run ({ config: { dataDir, mlflowPython, upstream }, env }) {
      if (upstream.url !== undefined) return fine('MLFLOW_UPSTREAM_URL is set, so the built-in MLflow is not used')
      const home = join(resolve(dataDir), 'mlflow')
      const broken = databaseFault(home, pinned)
      if (broken !== undefined) return error(...halves(broken))
      try {
        if (await environmentIn(join(home, 'venv'), pinned, { cwd: home, env }, () => {}).isReady()) {
          return fine(`MLflow ${pinned.version} is installed`)
        }
        const { uv } = await findTools(mlflowPython, pinned, process.cwd(), env)
        return fine(`MLflow ${pinned.version} is not installed yet: the first start installs it with ${uv ? 'uv' : 'pip'}`)
      } catch (fault) {
        if (!(fault instanceof LocalMlflowError)) throw fault
        return error(...halves(fault))
      }
    }
  },
  {
    id: 'mlflow-reachable',
    about: 'nothing usable answers at `MLFLOW_UPSTREAM_URL`: wrong host or port, TLS, or client certificate',
    async run ({ config, upstream, fault }) {
      if (upstream === undefined) return skipped('the built-in MLflow is not running: start the facade and run doctor again')
      return fault === undefined
        ? fine(`${config.upstream.url?.href ?? 'the built-in MLflow'} answers`)
        : await explain(fault, config.upstream.url)
    }
  },
  {
    id: 'host-list',
    about: 'MLflow refuses the facade\'s `Host` header (`--allowed-hosts`), although its health check passes',
    async run ({ upstream, fault }) {
      if (upstream === undefined || fault !== undefined) return skipped(notRunning)
      if (!await isRefused(upstream, upstream.host)) return fine(`MLflow accepts Host ${upstream.host}`)
      const other = await isRefused(upstream, 'localhost') ? '' : ', or set MLFLOW_UPSTREAM_HOST=localhost'
      return error(
        `MLflow answers 403 "Invalid Host header" to Host ${upstream.host}.`,
        `start MLflow with --allowed-hosts '${upstream.host}' (with the port; append to an existing list)${other}`
      )
    }
  },
  {
    id: 'mlflow-layout',
    about: 'the server that answers is not an MLflow of a supported version, or the URL lacks its static prefix',
    async run ({ upstream, fault, layout }) {
      if (upstream === undefined || fault !== undefined) return skipped(notRunning)
      if (layout === undefined) return await explainStranger(upstream)
      // 2.22 keeps /version at its root; what its pages call is under the prefix alone in every version.
      const pagesCall = layout.prefix + experiment.replace('/api/', '/ajax-api/')
      if (layout.version === 'unknown' || (await upstream.probe(pagesCall)).status === 404) {
        return error(
          "MLflow's API answers, but its web UI does not: it seems to have a static prefix that the URL lacks.",
          'append its --static-prefix to the path of MLFLOW_UPSTREAM_URL'
        )
      }
      const where = `MLflow ${layout.version}${layout.prefix === '' ? '' : ` under ${layout.prefix}`}`
      if (compareVersions(layout.version, minor(oldest)) < 0) {
        return warning(
          `${where} is older than ${minor(oldest)}, the oldest tested version.`,
          'upgrade MLflow: pip install --upgrade mlflow, back up its database, mlflow db upgrade'
        )
      }
      return fine(where)
    }
  },
  {
    id: 'mlflow-known',
    about: 'MLflow is newer than every version that this release knows, so its new endpoints need `mlflow:admin`',
    async run ({ upstream, layout }) {
      if (upstream === undefined || layout === undefined) return skipped(notRunning)
      const { version } = layout
      if (!isNewer(version)) return fine(`MLflow ${version} is no newer than ${newest}`)
      const unknown = await findUnknownPaths(upstream, layout)
      const list =
        unknown === undefined || unknown.length === 0
          ? ''
          : ` They are: ${unknown.slice(0, 10).join(', ')}${unknown.length > 10 ? ', …' : ''}.`
      return warning(
        describeNewer({ version, unknown }) + list,
        'upgrade hokusai-mlflow to a release that knows this MLflow; until then, the new endpoints need a key with mlflow:admin'
      )
    }
  },
  {
    id: 'keep-alive',
    about: 'MLflow, or a proxy in front of it, closes idle connections before the facade stops reusing them (4 s), so calls fail now and then',
    async run (context) {
      const facts = await watch(context)
      if (facts === undefined) return skipped(notRunning)
      if (facts.closedAfterMs === undefined) return fine('idle connections stay open long enough')
      const option =
        context.layout?.version.startsWith('2.') === true ? '--gunicorn-opts "--keep-alive 10"' : '--uvicorn-opts "--timeout-keep-alive 10"'
      return warning(
        `MLflow closes a connection after ${(facts.closedAfterMs / 1000).toFixed(1)} s of silence without announcing it, but the facade reuses connections for 4 s: such calls end in 502.`,
        `start MLflow with ${option}, or raise the idle timeout of the proxy in front of it`
      )
    }
  },
  {
    id: 'clock',
    about: 'the clocks of MLflow and of this machine differ, so keys and presigned URLs expire early or late',
    async run (context) {
      const skewMs = (await watch(context))?.skewMs
      if (skewMs === undefined) return skipped('MLflow does not send its time')
      if (Math.abs(skewMs) > skewMaxMs) {
        return warning(
          `MLflow's clock is ${Math.round(Math.abs(skewMs) / 1000)} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's.`,
          'synchronize both clocks by NTP (timedatectl set-ntp true)'
        )
      }
      return fine('the clocks agree')
    }
  }
]

/** What is wrong, and what to do: the first sentence and the others. */
function halves ({ message }: LocalMlflowError): [what: string, how: string] {
  const [what = '', ...how] = message.split(/(?<=\.) /)
  return [what, how.join(' ')]
}

const watched = new WeakMap<DoctorContext, Promise<ConnectionFacts | undefined>>()

/** Two checks read from one connection. */
async function watch (context: DoctorContext): Promise<ConnectionFacts | undefined> {
  const { config, upstream, fault, socketPath } = context
  if (upstream === undefined || fault !== undefined) return undefined
  let facts = watched.get(context)
  if (facts === undefined) {
    // What does not answer is another check's finding
    facts = watchConnection(config.upstream, upstream, Date.now, socketPath).catch(() => undefined)
    watched.set(context, facts)
  }
  return await facts
}

async function isRefused (upstream: Upstream, host: string): Promise<boolean> {
  const paths = [experiment, `${upstream.basePath === '' ? mount : upstream.basePath}${experiment}`]
  const answers = await Promise.all(paths.map(async path => await upstream.probe(path, { headers: { host } })))
  return answers.some(({ status, body }) => status === 403 && body.includes('Invalid Host header'))
}

/** Why nothing answers, and what to do. */
async function explain (fault: Error, given: URL | undefined): Promise<Verdict> {
  const { code = '', message } = fault as NodeJS.ErrnoException
  const url = 'correct MLFLOW_UPSTREAM_URL'
  if (code === 'ECONNREFUSED') return error('Nothing listens at MLFLOW_UPSTREAM_URL.', `start MLflow, or ${url}`)
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return error('The host name of MLFLOW_UPSTREAM_URL does not resolve.', url)
  if (fault.name === 'TimeoutError' || code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    return error(
      'The server at MLFLOW_UPSTREAM_URL does not answer within 5 s.',
      `check MLflow's load and firewalls in between, or ${url}`
    )
  }
  if (given?.protocol === 'http:' && (await speaksTls(given))) {
    return error('The server at MLFLOW_UPSTREAM_URL requires TLS.', 'use https:// in MLFLOW_UPSTREAM_URL')
  }
  if (code === 'EPROTO' || /wrong version number|packet length too long/i.test(message)) {
    return error('The server at MLFLOW_UPSTREAM_URL does not use TLS.', 'use http:// in MLFLOW_UPSTREAM_URL')
  }
  if (nameFault(fault).reason === 'upstream_tls') {
    return error(
      `MLflow's certificate was not accepted (${code}).`,
      'set MLFLOW_UPSTREAM_CA_FILE to the certificate of its authority, or correct the host name in MLFLOW_UPSTREAM_URL'
    )
  }
  return error(
    `MLflow broke the connection (${code === '' ? fault.name : code}).`,
    "see MLflow's own log; if it requires a client certificate, set MLFLOW_UPSTREAM_CERT_FILE and MLFLOW_UPSTREAM_KEY_FILE"
  )
}

/** What answers was not recognised as MLflow. */
async function explainStranger (upstream: Upstream): Promise<Verdict> {
  const answers = await Promise.all(['', mount, upstream.basePath].map(async prefix => await upstream.probe(prefix + experiment)))
  const statuses = answers.map(({ status }) => status)
  if (answers.some(({ body }) => body.includes('Invalid Host header'))) {
    return skipped('MLflow refuses our Host header: see the check host-list')
  }
  if (statuses.includes(401)) {
    return error(
      'MLflow requires credentials from the facade.',
      'set MLFLOW_UPSTREAM_AUTHORIZATION to the value of the Authorization header, such as "Basic …"'
    )
  }
  if (statuses.some(status => status >= 500)) return error(`MLflow answers ${Math.max(...statuses)}.`, 'see MLflow\'s own log')
  return error(
    `The server at MLFLOW_UPSTREAM_URL has no MLflow, neither at the root nor under ${upstream.basePath === '' ? mount : upstream.basePath}.`,
    'correct MLFLOW_UPSTREAM_URL; for a server with --static-prefix /p, use http://host:port/p'
  )
}
