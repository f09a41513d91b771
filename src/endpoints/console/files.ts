/** The files of the console: its own modules as the build leaves them, and the libraries that they name, as npm installs them. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { shipped } from '../../core/version.js'
import { assetsIn, type AssetPaths } from '../assets.js'

/** Where each library has its module for browsers, beside what Node finds by its name. */
const libraries: Readonly<Record<string, readonly [name: string, file: string]>> = {
  'lib/preact.js': ['preact', 'preact.mjs'],
  'lib/hooks.js': ['preact/hooks', 'hooks.mjs'],
  'lib/htm.js': ['htm', 'htm.module.js'],
  'lib/htm-preact.js': ['htm/preact', 'index.module.js'],
  'lib/uplot.js': ['uplot', 'uPlot.esm.js'],
  'lib/uplot.css': ['uplot', 'uPlot.min.css']
}

/** By the names that they have below `/console/`. */
export function consoleFiles (): AssetPaths {
  const { resolve } = createRequire(import.meta.url)
  const own = assetsIn(fileURLToPath(shipped('dist/console/')))
  const borrowed = Object.entries(libraries).map(([as, [name, file]]) => [as, join(dirname(resolve(name)), file)] as const)
  return new Map([...own, ...borrowed])
}

/** Says to the browser what the names in `import` are: the libraries import each other by name. */
export const importMap = JSON.stringify({
  imports: {
    preact: '/console/lib/preact.js',
    'preact/hooks': '/console/lib/hooks.js',
    htm: '/console/lib/htm.js',
    'htm/preact': '/console/lib/htm-preact.js',
    uplot: '/console/lib/uplot.js'
  }
})
