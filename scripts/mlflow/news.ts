/**
 * Asks the package index for an MLflow newer than all known ones, adds it to this checkout and opens an issue with what it brings: for a
 * workflow that runs each day. Nothing is committed. Usage: `npm run mlflow:news [-- --issue]`; without `--issue` it only says what is new.
 */
import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { compareVersions, newest } from '../../src/mlflow/versions.js'

/** Runs a command to its end; its output. */
export type Run = (command: string, args: readonly string[]) => Promise<string>

/** What GitHub takes as the text of an issue, less room for its frame. */
const bodyMax = 60_000

/** The newest release in what `pip index versions` prints, where it is newer than what is known; candidates are none. */
export function newerRelease (output: string, known: string = newest): string | undefined {
  const listed = /^Available versions: (.*)$/m.exec(output)?.[1]?.split(', ') ?? []
  const all = listed.filter(version => /^\d+\.\d+\.\d+$/.test(version))
  if (all.length === 0) throw new Error('The package index names no release of mlflow.')
  const last = all.sort(compareVersions).at(-1) ?? ''
  return compareVersions(last, known) > 0 ? last : undefined
}

/** Does it once; says what was done. */
export async function news (run: Run, withIssue: boolean): Promise<string> {
  const version = newerRelease(await run('python3', ['-m', 'pip', 'index', 'versions', 'mlflow']))
  if (version === undefined) return `No MLflow is newer than ${newest}.`
  if (!withIssue) return `MLflow ${version} is out; the newest known one is ${newest}.`
  const title = `MLflow ${version}`
  const issues = await run('gh', ['issue', 'list', '--state', 'all', '--limit', '1000', '--json', 'title'])
  const known = JSON.parse(issues) as ReadonlyArray<{ readonly title: string }>
  if (known.some(issue => issue.title === title)) return `There is an issue for ${title}.`
  const report = await run('npm', ['run', '--silent', 'mlflow:add', '--', version])
  await run('gh', ['issue', 'create', '--title', title, '--body', body(version, report)])
  return `An issue was opened for ${title}.`
}

function body (version: string, report: string): string {
  const cut = report.length > bodyMax ? `${report.slice(0, bodyMax)}\n… cut: the whole of it comes from the command above.` : report
  const warning = 'The classes are a draft by analogy: nobody has read the source of these operations yet. Until they are in the table, ' +
    'what is new is closed to everyone but administrators.'
  return `\`npm run mlflow:add -- ${version}\` says:\n\n\`\`\`\`\n${cut.trim()}\n\`\`\`\`\n\n${warning}\n`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { GH_TOKEN: _, ...others } = process.env // for gh alone: what is installed runs code that nobody here has read
  const run: Run = async (command, args) => {
    const env = command === 'gh' ? process.env : others
    const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 64 * 1024 * 1024, env })
    return stdout
  }
  console.log(await news(run, process.argv.includes('--issue')))
}
