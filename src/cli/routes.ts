/** `hokusai-mlflow routes`: what the rules of a load balancer do, what is wrong with them, and what a change of them would do. */
import { readFileSync } from 'node:fs'
import { isAtLeast, runChecks } from '../../packages/alb-rules/src/checks.js'
import { diffRuleSets } from '../../packages/alb-rules/src/diff.js'
import { readExpectations, testRuleSet } from '../../packages/alb-rules/src/expectations.js'
import { explain } from '../../packages/alb-rules/src/explain.js'
import { readRules } from '../../packages/alb-rules/src/formats/read.js'
import { InputError } from '../../packages/alb-rules/src/cursor.js'
import { writeRules } from '../../packages/alb-rules/src/formats/write.js'
import { changesText, explanationText, findingsText, testText, type Paint } from '../../packages/alb-rules/src/report.js'
import { RequestError } from '../../packages/alb-rules/src/request.js'
import type { RuleSet } from '../../packages/alb-rules/src/model.js'
import { hosts, platformRules, reasons } from '../../deploy/alb/platform-rules.js'
import { parse, printJson, UsageError, type Command, type Io } from './command.js'
import { simulate } from './simulate.js'

export const routes: Command = {
  name: 'routes',
  summary: 'check, explain, compare, test and simulate load-balancer rules',
  usage: `Usage: hokusai-mlflow routes check RULES [--fail-on error|warning|info]
       hokusai-mlflow routes explain RULES URL [OPTIONS]
       hokusai-mlflow routes diff BEFORE AFTER
       hokusai-mlflow routes test RULES EXPECTATIONS
       hokusai-mlflow routes simulate RULES --port PORT --target NAME=URL...
       hokusai-mlflow routes export --format alb|terraform|markdown

RULES, BEFORE and AFTER are files (- is standard input) with what
"aws elbv2 describe-rules" prints, several of these as
{"Listeners": [{"Name", "Protocol", "Port", "Rules"}]}, or what
"terraform show -json" prints of a plan or a state.

check     finds rules that are never reached, overlap, loop or go too far, each
          with a request that shows it; exit 1 from a warning up, or --fail-on
explain   tells which rule takes a request and why
            --method M, --header 'NAME: VALUE' (repeatable), --source-ip IP,
            --listener NAME where the URL's scheme and port do not tell it
diff      shows which requests go elsewhere after a change, each with an example
test      sends the requests of a YAML or JSON list through the rules:
            [{url, method?, headers?, sourceIp?, target}]
          every rule but the default must be reached
simulate  serves the rules on this machine, as the load balancer would
export    prints the platform's own rules

  --host NAME  a host that examples should have where it fits (check and diff;
               repeatable)
  --json       print JSON (export: alb, unless --format terraform)`,
  async run (args, io) {
    const [name = '', ...rest] = args
    const action = Object.hasOwn(actions, name) ? actions[name] : undefined
    if (action === undefined) throw new UsageError(`routes needs one of ${Object.keys(actions).join(', ')}.`)
    try {
      return await action(rest, io)
    } catch (error) {
      if (error instanceof InputError || error instanceof RequestError) throw new UsageError(error.message)
      throw error
    }
  }
}

const json = { type: 'boolean', default: false } as const
const host = { type: 'string', multiple: true } as const

const actions: Readonly<Record<string, Command['run']>> = {
  check (args, io) {
    const { values, positionals } = parse({ args, allowPositionals: true, options: { json, host, 'fail-on': { type: 'string', default: 'warning' } } })
    const [file] = named(positionals, ['RULES'])
    const failOn = values['fail-on']
    if (failOn !== 'error' && failOn !== 'warning' && failOn !== 'info') throw new UsageError('--fail-on is error, warning or info.')
    const ruleSet = load(file, io)
    const findings = runChecks(ruleSet, { hosts: exampleHosts([ruleSet], values.host) })
    if (values.json) printJson(io, { findings })
    else io.stdout.write(findingsText(findings, ruleSet, painter(io)))
    return findings.some(({ severity }) => isAtLeast(severity, failOn)) ? 1 : 0
  },

  explain (args, io) {
    const { values, positionals } = parse({
      args,
      allowPositionals: true,
      options: { json, method: { type: 'string', default: 'GET' }, header: { type: 'string', multiple: true }, 'source-ip': { type: 'string' }, listener: { type: 'string' } }
    })
    const [file, url] = named(positionals, ['RULES', 'URL'])
    const sourceIp = values['source-ip']
    const request = { method: values.method, url, headers: readHeaders(values.header ?? []), ...(sourceIp === undefined ? {} : { sourceIp }) }
    const explanation = explain(load(file, io), request, values.listener)
    if (values.json) printJson(io, explanation)
    else io.stdout.write(explanationText(explanation, painter(io)))
    return explanation.undecided === undefined ? 0 : 1
  },

  diff (args, io) {
    const { values, positionals } = parse({ args, allowPositionals: true, options: { json, host } })
    const [before, after] = named(positionals, ['BEFORE', 'AFTER']).map(file => load(file, io))
    if (before === undefined || after === undefined) throw new UsageError('diff needs BEFORE and AFTER.')
    const changes = diffRuleSets(before, after, { hosts: exampleHosts([before, after], values.host) })
    if (values.json) printJson(io, { changes })
    else io.stdout.write(changesText(changes, [before, after], painter(io)))
    return changes.length > 0 ? 1 : 0
  },

  test (args, io) {
    const { values, positionals } = parse({ args, allowPositionals: true, options: { json } })
    const [file, expectations] = named(positionals, ['RULES', 'EXPECTATIONS'])
    const result = testRuleSet(load(file, io), withPlace(expectations, () => readExpectations(readText(expectations))))
    if (values.json) printJson(io, result)
    else io.stdout.write(testText(result, painter(io)))
    return result.missed.length + result.unreached.length > 0 ? 1 : 0
  },

  simulate: (args, io) => simulate(args, io, file => load(file, io)),

  export (args, io) {
    const { values } = parse({ args, options: { json, format: { type: 'string' } } })
    const format = values.format ?? (values.json ? 'alb' : undefined)
    if (format !== 'alb' && format !== 'terraform' && format !== 'markdown') throw new UsageError('--format is alb, terraform or markdown.')
    if (values.json && format === 'markdown') throw new UsageError('--json prints alb or terraform, which are JSON; markdown is none.')
    io.stdout.write(writeRules(platformRules(), format, reasons))
    return 0
  }
}

/** The arguments without a dash, all of which must be there. */
function named<const Names extends readonly string[]> (given: readonly string[], names: Names): { readonly [Name in keyof Names]: string } {
  const missing = names[given.length]
  if (missing !== undefined) throw new UsageError(`${missing} is missing.`)
  if (given.length > names.length) throw new UsageError(`There is one argument too many: ${given[names.length]}`)
  return given as { readonly [Name in keyof Names]: string }
}

function load (file: string, io: Io): RuleSet {
  const ruleSet = withPlace(file, () => readRules(readText(file)))
  for (const note of ruleSet.notes) io.stderr.write(`${file}: ${note}\n`)
  return ruleSet
}

function readText (file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8')
  } catch (error) {
    throw new UsageError(`Cannot read ${file} (${(error as NodeJS.ErrnoException).code ?? 'unreadable'}).`)
  }
}

function withPlace<T> (file: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof InputError ? new UsageError(`${file}: ${error.message}`) : error
  }
}

function readHeaders (lines: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const headers: Record<string, string[]> = {}
  for (const line of lines) {
    const [, name, value] = /^([^\s:]+):\s*(.*?)\s*$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new UsageError(`--header takes 'NAME: VALUE', not ${line}`)
    headers[name] = [...headers[name] ?? [], value]
  }
  return headers
}

/** Hosts that are known to point at the load balancer make the best examples, where the rules are about their domain. */
function exampleHosts (ruleSets: readonly RuleSet[], asked: readonly string[] | undefined): readonly string[] {
  const conditions = ruleSets.flatMap(({ listeners }) => listeners).flatMap(({ rules }) => rules).flatMap(rule => rule.conditions)
  const values = conditions.flatMap(condition => condition.kind === 'host-header' ? condition.values : [])
  const domainOf = (name: string): string => name.toLowerCase().split('.').slice(-2).join('.')
  const domains = new Set(values.map(domainOf))
  const wrong = asked?.find(name => !/^[a-z\d]([a-z\d.-]*[a-z\d])?$/i.test(name) || name.includes('..'))
  if (wrong !== undefined) throw new UsageError(`--host takes a host name, not ${wrong}`)
  return [...asked?.map(name => name.toLowerCase()) ?? [], ...hosts.filter(name => domains.has(domainOf(name)))]
}

/** Colours are for terminals; NO_COLOR switches them off (no-color.org). */
function painter (io: Io): Paint {
  const codes = { red: 31, green: 32, yellow: 33, cyan: 36, bold: 1, dim: 2 }
  const coloured = io.stdout.isTTY === true && (io.env['NO_COLOR'] ?? '') === ''
  return (colour, text) => coloured ? `\u001B[${codes[colour]}m${text}\u001B[0m` : text
}
