/** What keeps a version from being released: the places that name it, and its part of the changelog. Usage: node .build/scripts/release/ready.js TAG */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'

export interface Named {
  /** The tag, such as `v1.2.3`. */
  readonly tag: string
  readonly manifest: { readonly version: string }
  readonly lock: { readonly version: string }
  readonly chart: { readonly version: string, readonly appVersion: string }
  readonly changelog: string
  /** Page of what people have to do for a minor version. */
  readonly upgrading: string
}

/** A line for each place that disagrees with the tag; none: it can be released. */
export function unready ({ tag, manifest, lock, chart, changelog, upgrading }: Named): string[] {
  const version = tag.replace(/^v/, '')
  const places = { 'package.json': manifest.version, 'package-lock.json': lock.version, 'Chart.yaml version': chart.version, 'Chart.yaml appVersion': chart.appVersion }
  const part = partOf(changelog, version)
  const minor = version.split('.').slice(0, 2).join('.')
  return [
    ...(/^v\d+\.\d+\.\d+(-[\da-z.-]+)?$/).test(tag) ? [] : [`${tag} is no tag such as v1.2.3`],
    ...Object.entries(places).filter(([, named]) => named !== version).map(([place, named]) => `${place} says ${named}, not ${version}`),
    ...part === undefined ? [`CHANGELOG.md has no part "## ${version} (YYYY-MM-DD)"`] : [],
    ...upgrading.includes(`\n## To ${minor}\n`) ? [] : [`docs/upgrading.md has no part "## To ${minor}"`],
    ...part === '' ? [`CHANGELOG.md says nothing of ${version}`] : []
  ]
}

/** What the changelog says of a version, without its heading; undefined where it has no such part. */
export function partOf (changelog: string, version: string): string | undefined {
  const parts = changelog.split(/^(?=## )/m)
  const part = parts.find(text => text.startsWith(`## ${version} (`) && /^\S+ \S+ \(\d{4}-\d{2}-\d{2}\)\n/.test(text))
  return part?.slice(part.indexOf('\n') + 1).trim()
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const json = (path: string): { version: string } => JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  const [tag = ''] = process.argv.slice(2)
  const changelog = readFileSync('CHANGELOG.md', 'utf8')
  const chart = parse(readFileSync('deploy/helm/hokusai-mlflow/Chart.yaml', 'utf8')) as Named['chart']
  const problems = unready({ tag, manifest: json('package.json'), lock: json('package-lock.json'), chart, changelog, upgrading: readFileSync('docs/upgrading.md', 'utf8') })
  for (const problem of problems) console.error(problem)
  if (problems.length > 0) process.exit(1)
  console.log(partOf(changelog, tag.slice(1)))
}
