/** The commands: what rules do, what is wrong with them, and what a change of them would do. */
import { InputError } from '../cursor.js'
import { diffRuleSets } from '../diff.js'
import { explain } from '../explain.js'
import { writeRules } from '../formats/write.js'
import { WriteError } from '../formats/write-error.js'
import { changeNotices } from '../reports/notice.js'
import { changesText, explanationText } from '../report.js'
import { RequestError } from '../request.js'
import { check } from './check.js'
import { parse, printJson, UsageError, type Run } from './command.js'
import { fetch } from './fetch.js'
import { compared, exampleHosts, load, named, readHeaders } from './input.js'
import { commandOptions } from './options.js'
import { painter, printReport } from './output.js'
import { simulate } from './simulate.js'
import { test } from './test.js'

/** Runs the command that the arguments name.
 *  @throws UsageError */
export const runCommand: Run = async ([name = '', ...rest], io, setting) => {
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  const program = setting.program.split(' ').at(-1)
  if (command === undefined) throw new UsageError(`${program} needs one of ${Object.keys(commands).join(', ')}.`)
  try {
    return await command(rest, io, setting)
  } catch (error) {
    const isInput = [InputError, RequestError, WriteError].some(kind => error instanceof kind)
    throw isInput ? new UsageError((error as Error).message) : error
  }
}

const commands: Readonly<Record<string, Run>> = {
  check,

  explain (args, io) {
    const { values, positionals } = parse({ args, allowPositionals: true, options: commandOptions.explain })
    const [file, url] = named(positionals, ['RULES', 'URL'])
    const sourceIp = values['source-ip']
    const headers = readHeaders(values.header ?? [])
    const request = { method: values.method, url, headers, ...sourceIp === undefined ? {} : { sourceIp } }
    const explanation = explain(load(file, io), request, values.listener)
    if (values.json) printJson(io, explanation)
    else io.stdout.write(explanationText(explanation, painter(io)))
    return explanation.undecided === undefined ? 0 : 1
  },

  diff (args, io, { hosts }) {
    const { values, positionals } = parse({ args, allowPositionals: true, options: commandOptions.diff })
    const [before, after, file] = compared(positionals, io)
    const changes = diffRuleSets(before, after, { hosts: exampleHosts([before, after], values.host ?? [], hosts) })
    printReport(io, file, values, {
      json: { changes },
      text: () => changesText(changes, [before, after], painter(io)),
      title: 'Load-balancer rules after the change',
      notices: () => changeNotices(changes, [before, after])
    })
    return changes.length > 0 ? 1 : 0
  },

  test,

  simulate,

  fetch,

  export (args, io, { own }) {
    const { values, positionals } = parse({ args, allowPositionals: true, options: commandOptions.export })
    const format = values.format ?? (values.json ? 'alb' : undefined)
    if (format !== 'alb' && format !== 'terraform' && format !== 'markdown') throw new UsageError('--format is alb, terraform or markdown.')
    if (values.json && format === 'markdown') throw new UsageError('--json prints alb or terraform; markdown is not JSON.')
    const text = own !== undefined && positionals.length === 0
      ? writeRules(own.rules(), format, own.reasons)
      : writeRules(load(named(positionals, ['RULES'])[0], io), format)
    io.stdout.write(text)
    return 0
  }
}
