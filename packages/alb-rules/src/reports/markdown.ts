/** Notices as Markdown, for the summary of a pull request. */
import { countsOf, type Notice } from './notice.js'

/** More than this nobody reads there, and services cut what is too long. */
const noticesMax = 50

/** @param title what the notices are about, such as `Load-balancer rules` */
export function markdownSummary (notices: readonly Notice[], title: string): string {
  const rest = notices.length - noticesMax
  return [
    `### ${title}: ${countsOf(notices)}`,
    '',
    ...notices.slice(0, noticesMax).flatMap(noticeLines),
    ...rest > 0 ? [`${rest} more are not shown here.`, ''] : []
  ].join('\n')
}

function noticeLines ({ id, severity, place, message, fix, command }: Notice): readonly string[] {
  return [
    `- **${severity}** ${id}${place === '' ? '' : ` (${escaped(place)})`}: ${escaped(message)}`,
    ...fix === undefined ? [] : [`  ${escaped(fix)}`],
    ...command === undefined ? [] : ['', ...fenced(command).map(line => `  ${line}`)],
    ''
  ]
}

/** The values of rules are full of characters that mean something in Markdown, and a name after @ would call somebody. */
function escaped (text: string): string {
  const plain = text.replaceAll(/\s+/g, ' ').replaceAll(/[\\`*_{}[\]()#+\-!|~>]/g, '\\$&')
  return plain.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('@', '&#64;')
}

/** A fence longer than any run of backticks within (CommonMark, section 4.5). */
function fenced (text: string): readonly string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length))
  const fence = '`'.repeat(longest + 1)
  return [`${fence}sh`, ...text.split('\n'), fence]
}
