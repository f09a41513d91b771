/** What a person's browser would complain about in a page, if people read its console. */
import type { Page } from 'playwright-core'

/** The assistant is blocked here, and MLflow's pages ask for it all the same. */
function isKnown (url: string): boolean {
  return url.includes('/mlflow/assistant/')
}

/** Notes from now on what goes wrong in a page or leaves the origin. @returns the list, which grows */
export function complaintsOf (page: Page, origin: string): string[] {
  const complaints: string[] = []
  page.on('request', request => {
    if (!request.url().startsWith(`${origin}/`) && !/^(data|blob):/.test(request.url())) complaints.push(`asks ${request.url()}`)
  })
  page.on('response', response => {
    const status = response.status()
    if (status >= 400 && !isKnown(response.url())) complaints.push(`${status} ${response.request().method()} ${response.url()}`)
  })
  page.on('console', message => { if (message.type() === 'error' && !isKnown(message.location().url)) complaints.push(message.text()) })
  page.on('pageerror', error => complaints.push(error.message))
  return complaints
}
