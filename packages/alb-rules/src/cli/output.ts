/** How the commands print what they found: for people, for programs, and for the services that show it beside a change. */
import type { Paint } from '../report.js'
import { githubCommands } from '../reports/github.js'
import { markdownSummary } from '../reports/markdown.js'
import type { Notice } from '../reports/notice.js'
import { sarifLog } from '../reports/sarif.js'
import { jsonText, UsageError, type Io } from './command.js'

/** What there is to print, made when it is asked for. */
interface Report {
  readonly json: object
  readonly text: () => string
  /** Heads the summary. */
  readonly title: string
  readonly notices: () => readonly Notice[]
}

interface Asked {
  readonly json?: boolean
  readonly format?: string | undefined
}

/** @param file the document that was read, `-` for standard input
 *  @throws UsageError for a format that is none */
export function printReport (io: Io, file: string, { json = false, format }: Asked, report: Report): void {
  if (json && format !== undefined && format !== 'json') throw new UsageError(`--json and --format ${format} are two formats: give one.`)
  io.stdout.write(reportText(json ? 'json' : format ?? 'text', file === '-' ? undefined : file, report))
}

function reportText (format: string, file: string | undefined, { json, text, title, notices }: Report): string {
  switch (format) {
    case 'json': return jsonText(json)
    case 'text': return text()
    case 'github': return githubCommands(notices(), file)
    case 'sarif': return jsonText(sarifLog(notices(), file))
    case 'markdown': return markdownSummary(notices(), title)
    default: throw new UsageError('--format is text, json, github, sarif or markdown.')
  }
}

/** Colours are for terminals; NO_COLOR switches them off (no-color.org). */
export function painter (io: Io): Paint {
  const codes = { red: 31, green: 32, yellow: 33, cyan: 36, bold: 1, dim: 2 }
  const coloured = io.stdout.isTTY === true && (io.env['NO_COLOR'] ?? '') === ''
  return (colour, text) => coloured ? `\u001B[${codes[colour]}m${text}\u001B[0m` : text
}
