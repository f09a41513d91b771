/** `check`: finds what is wrong with rules, without what is known and left as it is. */
import { isAtLeast, runChecks } from '../checks.js'
import { readBaseline, readIgnored, withoutKnown, type Known } from '../quiet.js'
import { findingsText } from '../report.js'
import { findingNotices } from '../reports/notice.js'
import { parse, UsageError, type Io, type Run } from './command.js'
import { exampleHosts, inFile, load, named, readRulesMax, readText } from './input.js'
import { commandOptions } from './options.js'
import { painter, printReport } from './output.js'

export const check: Run = (args, io, { hosts }) => {
  const { values, positionals } = parse({ args, allowPositionals: true, options: commandOptions.check })
  const [file] = named(positionals, ['RULES'])
  const failOn = values['fail-on']
  if (failOn !== 'error' && failOn !== 'warning' && failOn !== 'info') throw new UsageError('--fail-on is error, warning or info.')
  const ignored = (values.ignore ?? []).map(readIgnored)
  const baseline = values.baseline
  const known = baseline === undefined ? [] : inFile(baseline, () => readBaseline(readText(baseline)))
  const ruleSet = load(file, io)
  const found = runChecks(ruleSet, { hosts: exampleHosts([ruleSet], values.host ?? [], hosts), ...readRulesMax(values['max-rules']) })
  const { left, hidden } = withoutKnown(found, [...ignored, ...known])
  noteIgnored(ignored, withoutKnown(found, ignored).unused, hidden.length, io)
  printReport(io, file, values, {
    json: { findings: left },
    text: () => findingsText(left, ruleSet, painter(io)),
    title: 'Load-balancer rules',
    notices: () => findingNotices(left, ruleSet)
  })
  return left.some(({ severity }) => isAtLeast(severity, failOn)) ? 1 : 0
}

/** What is hidden is counted, and a reason that is missing, or a cause that is gone, is told. */
function noteIgnored (ignored: readonly Known[], unused: readonly Known[], hidden: number, io: Io): void {
  const name = ({ check: id, rule }: Known): string => `--ignore ${id}:${rule}`
  for (const one of ignored.filter(({ reason }) => reason === undefined)) io.stderr.write(`${name(one)}: say why, as ${name(one)}=REASON\n`)
  for (const one of unused) io.stderr.write(`${name(one)}: this finding no longer exists\n`)
  if (hidden > 0) io.stderr.write(`${hidden} known ${hidden === 1 ? 'finding is' : 'findings are'} not shown\n`)
}
