/** How Swagger UI looks: title, mark and a few rules over its own stylesheet. */
import { wave } from '../icon.js'

export const title = 'API of MLflow and its facade'

/** The topbar's mark, as an image of its own. */
export const logo = {
  type: 'image/svg+xml',
  content: `<svg xmlns="http://www.w3.org/2000/svg" width="260" height="40" viewBox="0 0 260 40">${wave}<text x="48" y="27" font-family="system-ui,sans-serif" font-size="20" font-weight="600" fill="#fff">Hokusai MLflow</text></svg>`,
  href: '/',
  target: '_self' as const
}

export const css = `
body { margin: 0; background: #fafafa; }
.swagger-ui .topbar { background: #16324f; padding: 8px 0; }
.swagger-ui .info { margin: 28px 0; }
.swagger-ui .info .title small { vertical-align: middle; }
.swagger-ui .opblock-tag { font-size: 20px; }
.swagger-ui .opblock .opblock-summary-operation-id { font-size: 12px; }
/* No answer has links, and on a narrow screen their column pushes the others off it. */
@media (max-width: 700px) { .swagger-ui .response-col_links { display: none; } }
`
