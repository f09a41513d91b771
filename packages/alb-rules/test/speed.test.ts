/** How much work the checks take: large sets are analysed to the end, and hostile ones end. */
import t from 'tap'
import { runChecks } from '../src/checks.js'
import { readRules } from '../src/formats/read.js'
import type { AwsCondition } from './oracle.js'
import { forward } from './worlds.js'

/** A second is what is asked for; twice that is for slow machines, and for a compiler and a garbage collector beside the work. */
const hundredMs = 2000

/** Nothing goes on for ever; what takes too long is given up and reported. */
const hostileMs = 60_000

/** Milliseconds of the processor, which other work on the machine does not lengthen much. */
function spentSince (started: NodeJS.CpuUsage): number {
  return Math.round(process.cpuUsage(started).user / 1000)
}

const path = (...values: string[]): AwsCondition => ({ Field: 'path-pattern', Values: values })
const host = (...values: string[]): AwsCondition => ({ Field: 'host-header', Values: values })
const source = (...values: string[]): AwsCondition => ({ Field: 'source-ip', SourceIpConfig: { Values: values } })
const method = (...values: string[]): AwsCondition => ({ Field: 'http-request-method', HttpRequestMethodConfig: { Values: values } })
const header = (name: string, ...values: string[]): AwsCondition => ({ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: name, Values: values } })
const query = (key: string, value: string): AwsCondition => ({ Field: 'query-string', QueryStringConfig: { Values: [{ Key: key, Value: value }] } })

function documentOf (count: number, conditionsOf: (at: number) => readonly AwsCondition[]): string {
  const rules = Array.from({ length: count }, (_, at) => ({ Priority: String(at + 1), Conditions: conditionsOf(at), Actions: forward(`t${at % 9}`) }))
  return JSON.stringify({ Rules: [...rules, { Priority: 'default', Conditions: [], Actions: forward('d') }] })
}

const hundreds: Readonly<Record<string, (at: number) => readonly AwsCondition[]>> = {
  'paths of a service': at => [path(`/api/v${at}/*`, `/api/v${at}`, `/x${at}/?/*`, `/svc${at}*`, `/${at}/*/z`)],
  'hosts and paths': at => [host(`h${at % 10}.example.com`, `*.h${at}.io`), path(`/api/v${at % 7}/*`, `/s${at}`, `/*${at}*`)],
  'headers, queries, paths and methods': at => [header(`X-${at % 3}`, `a*${at}`, `*b${at}*`), query(`k${at % 4}`, `*${at}`), path(`/p${at % 5}*`), method(['GET', 'POST', 'PUT'][at % 3]!)],
  'one host, crossing paths and networks': at => [source(`10.${at}.0.0/16`, `10.${at % 7}.0.0/12`), path(`/p${at % 5}*`, `/*/q${at}`), host('*.a.com')],
  'stars on both sides': at => [path(`*a*b${at}*`, `*${at}*c*`, `*x?${at}*`)],
  'five stars each': at => [path(...[0, 1, 2, 3, 4].map(digit => `/*${at}*${digit}`))],
  'paths, networks and methods': at => [path(`/${at % 2 ? 'api' : 'svc'}${at % 9}/*`, `/*/x${at % 9}`), source(`10.${at % 30}.0.0/16`, `192.168.${at % 20}.0/20`), method('GET')]
}

for (const [name, conditionsOf] of Object.entries(hundreds)) {
  t.test(`a hundred rules of up to five values are decided, all of them, within ${hundredMs} ms: ${name}`, async t => {
    const ruleSet = readRules(documentOf(100, conditionsOf))
    const started = process.cpuUsage()
    const findings = runChecks(ruleSet)
    const ms = spentSince(started)
    t.ok(ms < hundredMs, `${ms} ms`)
    t.same(findings.filter(({ check }) => check === 'unanalysable'), [])
  })
}

const hostile: Readonly<Record<string, string>> = {
  'a thousand rules over paths': documentOf(1000, at => [path(`/api/v${at}/*`, `/api/v${at}`, `/svc${at}*`)]),
  'stars between the same letters': documentOf(60, at => [path('*a*a*a*a*' + '?'.repeat(at) + '*b', '*' + 'a*'.repeat(20) + at, '*b*b*b*' + '?'.repeat(60 - at))]),
  'many stars and many rules': documentOf(300, at => [path('*' + 'a*b?'.repeat(1 + at % 20) + at + '*', '*' + at + '?'.repeat(at % 40) + '*')])
}

for (const [name, text] of Object.entries(hostile)) {
  t.test(`hostile rules end with answers or a clear limit: ${name}`, { timeout: 2 * hostileMs }, async t => {
    const started = process.cpuUsage()
    const findings = runChecks(readRules(text))
    const ms = spentSince(started)
    t.ok(ms < hostileMs, `${ms} ms`)
    const open = findings.filter(({ check }) => check === 'unanalysable')
    t.ok(open.every(({ message }) => /the limit of work was reached/.test(message)))
  })
}
