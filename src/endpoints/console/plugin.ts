/** `/console`: the page and the files of the administrators' console (`src/console`). It takes no key: what the page calls does. */
import type { FastifyInstance, FastifySchema } from 'fastify'
import { FacadeError } from '../../core/errors.js'
import { openAssets } from '../assets.js'
import { answer, compress } from '../content.js'
import { pageHeaders, pageHtml } from '../page.js'
import { consoleFiles, importMap } from './files.js'
import { css } from './style.js'

const path = '/console'
const styleName = 'console.css'

/** @param modules all that the page will load: each names others, and a browser would find them one after the other */
function htmlOf (modules: readonly string[]): string {
  return pageHtml({
    title: 'Console of hokusai-mlflow',
    head: `<link rel="stylesheet" href="${path}/lib/uplot.css">
<link rel="stylesheet" href="${path}/${styleName}">
<script type="importmap">${importMap}</script>
${modules.map(name => `<link rel="modulepreload" href="${path}/${name}">`).join('\n')}
<script type="module" src="${path}/main.js"></script>
`,
    body: '<div id="console"><noscript><p>The console needs JavaScript. Without it, use <code>hokusai-mlflow keys</code> or <code>/admin/keys</code>.</p></noscript></div>'
  })
}

/** A window that another page of ours has opened, or that opened one, is not to be reached from there: MLflow's show what others wrote. */
const headers = { ...pageHeaders([importMap], true), 'cross-origin-opener-policy': 'noopener-allow-popups' }
/** Nobody's API: no document lists it. */
const route = { schema: { hide: true } as FastifySchema, config: { operation: 'console' } }

export default async function adminConsole (app: FastifyInstance): Promise<void> {
  const files = consoleFiles()
  const assets = openAssets(files)
  const html = htmlOf([...files.keys()].filter(name => name.endsWith('.js')))
  const style = compress('text/css; charset=utf-8', Buffer.from(css))

  app.get(path, route, (_request, reply) => reply.headers(headers).type('text/html; charset=utf-8').send(html))
  app.get(`${path}/`, route, (_request, reply) => reply.code(308).header('location', path).send())
  app.get(`${path}/*`, route, async (request, reply) => {
    const { '*': name } = request.params as { readonly '*': string }
    const file = await (name === styleName ? style : assets(name))
    if (file === undefined) throw new FacadeError('notFound', { reason: 'notFound' })
    return answer(request, reply.header('x-content-type-options', 'nosniff'), file)
  })
}
