/** How pages look: pictures of them for people to look at, and what not everybody could use. */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

/** Where pictures are kept, if a run is to keep them. */
const pictures = process.env['SCREENSHOTS'] ?? join('.build', 'screenshots')

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Takes a picture by the name of a file without its ending. @param fullPage what has to be scrolled to, as well */
export async function takePicture (page: Page, name: string, fullPage: boolean = false): Promise<void> {
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage })
}

/** What axe-core finds fault with, and whether the page scrolls sideways: nothing, where it is for everybody. */
export async function faultsOf (page: Page): Promise<string[]> {
  const sideways = await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
  const { violations } = await page.evaluate(`${axe}; axe.run()`) as { violations: ReadonlyArray<{ id: string, impact: string, nodes: ReadonlyArray<{ html: string }> }> }
  const found = violations.map(({ id, impact, nodes }) => `${impact} ${id} ${nodes[0]?.html ?? ''}`)
  return sideways === 0 ? found : [`scrolls sideways by ${String(sideways)}`, ...found]
}
