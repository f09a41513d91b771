/** Notices as workflow commands of GitHub Actions, which shows them beside a pull request. */
import type { Notice } from './notice.js'

const commands = { error: 'error', warning: 'warning', info: 'notice' } as const

/** One line a notice. @param file the document they are about; undefined for standard input */
export function githubCommands (notices: readonly Notice[], file: string | undefined): string {
  return notices.map(({ id, severity, place, message, fix, command }) => {
    const title = [id, ...place === '' ? [] : [place]].join(': ')
    const properties = [...file === undefined ? [] : [`file=${property(file)}`], `title=${property(title)}`].join()
    const text = [message, ...fix === undefined ? [] : [fix], ...command === undefined ? [] : [command]].join('\n')
    return `::${commands[severity]} ${properties}::${data(text)}\n`
  }).join('')
}

/** A line break would end the command and begin another one. */
function data (text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** In front of the message a colon or comma would end the property too. */
function property (text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
