/** The checks against an oracle that tries every request of a small world. */
import t from 'tap'
import { createAnalysis, createView } from '../src/analysis/analysis.js'
import { runChecks } from '../src/checks.js'
import type { Finding } from '../src/check.js'
import { diffRuleSets } from '../src/diff.js'
import { explain, type Explanation } from '../src/explain.js'
import { readRules } from '../src/formats/read.js'
import { writeRules } from '../src/formats/write.js'
import type { RuleSet } from '../src/model.js'
import { deedOf, isEndless, redirectedBy, requestsOf, ruleMatches, taker, targetText, tryOf, type AwsRule, type Try } from './oracle.js'
import { createRandom, forward, kinds, mutated, randomRules, worldOf, type Kind } from './worlds.js'

/** Which parts a set looks at, and how long the hosts and paths of its world are. */
const worlds: ReadonlyArray<readonly [parts: readonly Kind[], lengthMax: number]> = [
  [['path'], 4], [['host'], 5], [['path'], 4], [['host', 'path'], 3], [['path', 'method'], 3], [['path', 'header'], 3], [['query', 'method'], 0],
  [['header', 'query'], 0], [['source', 'path'], 3], [['header'], 0], [['query'], 0], [['host', 'method', 'source'], 3], [['path', 'query'], 2], [['header', 'method', 'source'], 0],
  [['regex'], 4], [['path', 'regex'], 3], [['regex', 'method'], 3]
]

const setsPerWorld = 120

const deeds = new WeakMap<AwsRule, string>()

for (const [at, [parts, lengthMax]] of worlds.entries()) {
  t.test(`rules over ${parts.join(', ')}: no miss, no false alarm, every witness true (${setsPerWorld} rule sets)`, async t => {
    const random = createRandom(1000 + at)
    const world = [...requestsOf(worldOf(parts, lengthMax))]
    for (let round = 0; round < setsPerWorld; round++) {
      const rules = randomRules(random, parts, 2 + random.below(5))
      const problems = [...judgeChecks(rules, world), ...judgeDiff(rules, mutated(random, rules, parts), world)]
      if (problems.length > 0) t.fail(problems.join('\n'), { rules: JSON.stringify(rules) })
    }
    t.pass('judged')
  })
}

t.test('two listeners: that they decide a request differently is said exactly where one does, and shown by it', async t => {
  const random = createRandom(321)
  const parts: readonly Kind[] = ['host', 'path', 'method']
  const world = [...requestsOf(worldOf(parts, 3))]
  let [alike, apart] = [0, 0]
  for (let round = 0; round < 150; round++) {
    const http = randomRules(random, parts, 2 + random.below(4))
    const https = random.below(3) === 0 ? [...http] : mutated(random, http, parts)
    const document = { Listeners: [{ Name: 'http', Protocol: 'HTTP', Rules: http }, { Name: 'https', Protocol: 'HTTPS', Rules: https }] }
    const found = runChecks(readRules(JSON.stringify(document))).find(({ check }) => check === 'listener-divergence')
    const differs = (request: Try): boolean => deed(taker(http, request)) !== deed(taker(https, request))
    if (found === undefined) {
      alike++
      t.notOk(world.some(differs), 'a divergence is not reported', { document: JSON.stringify(document) })
    } else {
      apart++
      t.ok(differs(tryOf(found.witness!)), 'the witness shows it', { document: JSON.stringify(document) })
    }
  }
  t.ok(alike > 20 && apart > 20, `${alike} alike, ${apart} apart`)
})

t.test('what check calls dead, explain never takes: a host with a last dot, and a header beyond ASCII', async t => {
  const header = (value: string) => ({ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-A', Values: [value] } })
  const rules = [{ Priority: '1', Conditions: [{ Field: 'host-header', Values: ['*.example.'] }], Actions: forward('a') }, { Priority: '2', Conditions: [header('\u00e9*')], Actions: forward('b') }, { Priority: 'default', Conditions: [], Actions: forward('c') }]
  const ruleSet = readRules(JSON.stringify({ Rules: rules }))
  t.notOk(runChecks(ruleSet).some(({ check }) => check === 'unreachable-rule'))
  t.match(runChecks(ruleSet).find(({ check }) => check === 'unanalysable'), { rule: '2' })
  const asked = { method: 'GET', url: 'http://a.example./', headers: {} }
  t.match(explain(ruleSet, asked), { rule: '1' })
  t.match(explain(ruleSet, { ...asked, url: 'http://a.example/', headers: { 'X-A': ['\u00e9'] } }), { rule: null, candidates: ['2', 'default'] })
  for (const url of ['http://a..b/', 'http://-a.b/', 'http://\u00e9.example/', 'http://1.2.3./', 'http://.a/', 'http://./']) t.throws(() => explain(ruleSet, { ...asked, url }), { message: /is not a URL/ }, url)
  t.throws(() => explain(ruleSet, { ...asked, method: 'GET /' }), { message: /is not a method/ })
})

t.test('random rules over all parts: every witness is true and every claim holds where it can be tried', async t => {
  const random = createRandom(77)
  for (let round = 0; round < 320; round++) {
    const parts = kinds.filter(() => random.below(2) > 0)
    const rules = randomRules(random, parts.length === 0 ? ['path'] : parts, 3 + random.below(8))
    const ruleSet = read(rules)
    const problems = witnessProblems(rules, ruleSet, runChecks(ruleSet))
    if (problems.length > 0) t.fail(problems.join('\n'), { rules: JSON.stringify(rules) })
  }
  t.pass('judged')
})

t.test('the mend that is told mends: the rule with its new number is reached', async t => {
  const random = createRandom(99)
  let mended = 0
  for (let round = 0; round < 400; round++) {
    const rules = randomRules(random, ['path', 'host'], 3 + random.below(5))
    for (const { check, fix } of runChecks(read(rules))) {
      const [, priority, next] = /^Give rule (\d+) the priority (\d+)/.exec(fix) ?? []
      if (check !== 'unreachable-rule' || priority === undefined || next === undefined) continue
      const moved = rules.map(rule => rule.Priority === priority ? { ...rule, Priority: next } : rule)
      const still = runChecks(read(moved)).some(finding => finding.check === 'unreachable-rule' && finding.rule === next)
      if (still) t.fail(fix, { rules: JSON.stringify(rules) })
      mended++
    }
  }
  t.ok(mended > 50, `${mended} mends`)
})

t.test('what hangs on a regular expression is not claimed, and what does not is shown', async t => {
  const to = (name: string) => [{ Type: 'forward', TargetGroupArn: name }]
  const path = (...values: string[]) => ({ Field: 'path-pattern', Values: values })
  const regex = (text: string) => ({ Field: 'path-pattern', PathPatternConfig: { RegexValues: [text] } })
  const standard = { Priority: 'default', Conditions: [], Actions: to('d') }
  const deadOf = (...rules: object[]): Finding[] => runChecks(readRules(JSON.stringify({ Rules: [...rules, standard] }))).filter(({ rule, check }) => rule === '30' && (check === 'unreachable-rule' || check === 'unanalysable'))
  const open = deadOf({ Priority: '10', Conditions: [{ Field: 'host-header', Values: ['h.example'] }, regex('^/q')], Actions: to('other') }, { Priority: '20', Conditions: [path('/x')], Actions: to('m') }, { Priority: '30', Conditions: [path('/x')], Actions: to('m') })
  t.match(open.find(({ check }) => check === 'unreachable-rule'), { severity: 'warning', differentTarget: false })
  t.ok(open.some(({ check }) => check === 'unanalysable'), 'that it could not be decided is said')
  const sure = deadOf({ Priority: '10', Conditions: [regex('^/a')], Actions: to('a') }, { Priority: '20', Conditions: [path('/x*')], Actions: to('b') }, { Priority: '30', Conditions: [path('/x1')], Actions: to('c') })
  t.match(sure.find(({ check }) => check === 'unreachable-rule'), { severity: 'error', differentTarget: true, witness: { url: /\/x1$/ } })
})

t.test('a redirect that never ends is named, or it is said that nobody can say', async t => {
  const checksOf = (condition: object, redirect: object): string[] => runChecks(readRules(JSON.stringify({
    Listeners: [{
      Name: 'https',
      Protocol: 'HTTPS',
      Port: 443,
      Rules: [
        { Priority: '10', Conditions: [condition], Actions: [{ Type: 'redirect', RedirectConfig: { StatusCode: 'HTTP_302', ...redirect } }] },
        { Priority: 'default', Conditions: [], Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }] }
      ]
    }]
  }))).map(({ check }) => check)
  const path = (value: string) => ({ Field: 'path-pattern', Values: [value] })
  const host = (...values: string[]) => ({ Field: 'host-header', Values: values })
  for (const [condition, redirect] of [[path('/*'), { Path: '/#{host}/#{path}' }], [path('/x'), { Query: 'from=#{path}' }], [path('/x'), { Query: 'x#{query}' }], [host('*.a.example', 'a.example'), { Host: 'www.#{host}' }]] as const) {
    t.ok(checksOf(condition, redirect).some(check => check === 'redirect-loop' || check === 'unanalysable'), JSON.stringify(redirect))
  }
  for (const [condition, redirect] of [[path('/old/*'), { Path: '/new/#{host}/#{path}' }], [path('/x'), { Path: '/y', Query: 'from=#{path}' }], [host('a.example'), { Host: 'www.#{host}' }], [path('/x'), { Host: 'elsewhere.example', Query: 'from=#{path}' }]] as const) {
    t.notOk(checksOf(condition, redirect).some(check => check === 'redirect-loop' || check === 'unanalysable'), JSON.stringify(redirect))
  }
})

t.test('explain without a source address: just the rules that some address leads to, and one alone is certain', async t => {
  const random = createRandom(4711)
  const requests = [...requestsOf(worldOf(['path', 'method'], 2))].filter(({ path }) => !path.includes('//'))
  const addresses = [...worldOf(['source'], 0).source, '198.51.100.7'] // one in every part that the ranges cut the addresses into
  let certain = 0
  for (let round = 0; round < 150; round++) {
    const rules = randomRules(random, ['source', 'path', 'method'], 2 + random.below(5))
    const ruleSet = read(rules)
    for (const request of requests.filter(() => random.below(8) === 0)) {
      const takers = new Set(addresses.map(source => taker(rules, { ...request, source }).Priority))
      const expected = rules.map(({ Priority }) => Priority).filter(priority => takers.has(priority))
      const { rule, candidates = [rule], passedOver } = explain(ruleSet, { method: request.method, url: `http://${request.host}${request.path}`, headers: {} })
      if (JSON.stringify(candidates) !== JSON.stringify(expected)) t.fail(`${JSON.stringify(candidates)} instead of ${JSON.stringify(expected)}`, { rules: JSON.stringify(rules), path: request.path })
      if (rule !== null) {
        certain++
        t.equal(passedOver.length, rules.findIndex(({ Priority }) => Priority === rule), 'all earlier rules are passed over')
      }
    }
  }
  t.ok(certain > 50)
})

t.test('explain: what cannot be read means the same in every rule', async t => {
  const regex = { Field: 'path-pattern', PathPatternConfig: { RegexValues: ['^/x'] } }
  const to = (name: string) => [{ Type: 'forward', TargetGroupArn: name }]
  const rules = { Rules: [{ Priority: '1', Conditions: [regex], Actions: to('a') }, { Priority: '2', Conditions: [regex], Actions: to('b') }, { Priority: 'default', Conditions: [], Actions: to('c') }] }
  t.match(explain(readRules(JSON.stringify(rules)), { method: 'GET', url: 'http://h/', headers: {} }), { rule: null, candidates: ['1', 'default'] })
})

function read (rules: readonly AwsRule[]): RuleSet {
  return readRules(JSON.stringify({ Rules: rules }))
}

function judgeChecks (rules: readonly AwsRule[], world: readonly Try[]): string[] {
  const ruleSet = read(rules)
  const findings = runChecks(ruleSet)
  const matching = rules.map(rule => world.map(request => ruleMatches(rule, request)))
  const takers = world.map((_, request) => matching.findIndex(row => row[request]))
  const isShown = prover(ruleSet, rules)
  const problems: string[] = []
  const expect = (holds: boolean, problem: string): void => { if (!holds) problems.push(problem) }
  for (const [at, rule] of rules.slice(0, -1).entries()) {
    const dead = findings.find(finding => finding.check === 'unreachable-rule' && finding.rule === rule.Priority)
    const shadows = findings.filter(finding => finding.check === 'partly-shadowed-rule' && finding.rule === rule.Priority)
    const earlier = [...rules.keys()].slice(0, at)
    const own = [...world.keys()].filter(request => matching[at]![request])
    const thieves = earlier.filter(other => deed(rules[other]!) !== deed(rule) && own.some(request => takers[request] === other))
    if (dead === undefined) {
      expect(isShown([at], earlier), `${rule.Priority}: nothing shows that it is reached`)
      for (const thief of thieves) expect(shadows.some(({ by }) => by![0] === rules[thief]!.Priority), `${rule.Priority}: that ${rules[thief]!.Priority} takes some is not reported`)
      for (const { by, severity } of shadows) {
        const other = rules.findIndex(one => one.Priority === by![0])
        const crosses = matching[other]!.some((holds, request) => holds && !matching[at]![request])
        const meetsPlainly = matching[other]!.some((holds, request) => holds && matching[at]![request] && isPlain(world[request]!))
        const isToldOnce = findings.filter(one => one.check === 'partly-shadowed-rule' && one.by![0] === by![0]).length > 3
        expect(severity === 'warning' ? isShown([other], [at]) : !crosses || !meetsPlainly || isToldOnce, `${rule.Priority}: wrong severity with ${by![0]}`)
      }
      continue
    }
    const by = earlier.filter(other => dead.by!.includes(rules[other]!.Priority))
    const shownBy = dead.witness === null ? undefined : rules.indexOf(taker(rules, tryOf(dead.witness)))
    const couldShow = by.some(other => own.some(request => takers[request] === other && (deed(rules[other]!) !== deed(rule)) === dead.differentTarget))
    expect(shownBy === undefined || by.includes(shownBy) || !couldShow, `${rule.Priority}: the witness goes to none of ${dead.by!.join()}`)
    const isCovered = (set: readonly number[]): boolean => own.every(request => set.some(other => matching[other]![request]))
    expect(!takers.includes(at), `${rule.Priority}: called unreachable, yet reached`)
    expect(shadows.length === 0, `${rule.Priority}: unreachable and partly shadowed`)
    expect(isCovered(by), `${rule.Priority}: ${dead.by!.join()} do not cover it`)
    for (const smaller of subsets(earlier, by.length - 1)) expect(!isCovered(smaller) || isShown([at], smaller), `${rule.Priority}: ${smaller.map(one => rules[one]!.Priority).join()} is a smaller cover than ${dead.by!.join()}`)
    expect(thieves.length === 0 || dead.differentTarget === true, `${rule.Priority}: another target not seen`)
    expect(dead.severity === (dead.differentTarget === true ? 'error' : 'warning'), `${rule.Priority}: wrong severity`)
  }
  const redirecting = rules.filter((rule, at) => world.some((request, one) => takers[one] === at && request.method === 'POST' && redirectedBy(rule, request) !== undefined))
  for (const { Priority } of redirecting) expect(findings.some(({ check, rule }) => check === 'redirect-drops-method' && rule === Priority), `${Priority}: a lost method is not reported`)
  if (world.some(request => isEndless(rules, request))) expect(findings.some(({ check }) => check === 'redirect-loop'), 'an endless redirect is not reported')
  return [...problems, ...witnessProblems(rules, ruleSet, findings), ...metamorphic(ruleSet, findings)]
}

/** Says whether a request can be shown, and be true to the oracle, that some rules match and others do not. Needed where the small world holds none. */
function prover (ruleSet: RuleSet, rules: readonly AwsRule[]): (inside: readonly number[], outside: readonly number[]) => boolean {
  const analysis = createAnalysis([ruleSet])
  const { listener, entries } = createView(ruleSet.listeners[0]!)
  return (inside, outside) => {
    const answer = analysis.ask(inside.map(at => entries[at]!), outside.map(at => entries[at]!))
    if (answer.is !== 'yes') return false
    const shown = analysis.witness(answer.point, listener)
    // Where the source decides between other rules only, the witness need not name one.
    const request = tryOf({ sourceIp: '198.51.100.7', ...shown })
    return inside.every(at => ruleMatches(rules[at]!, request)) && !outside.some(at => ruleMatches(rules[at]!, request))
  }
}

function witnessProblems (rules: readonly AwsRule[], ruleSet: RuleSet, findings: readonly Finding[]): string[] {
  return findings.flatMap(({ check, rule: priority, by, witness, differentTarget }) => {
    if (witness === null) return check === 'unreachable-rule' && by!.length > 0 ? [`${check} ${priority}: no witness`] : []
    const request = tryOf(witness)
    const rule = rules.find(one => one.Priority === priority)!
    const taking = taker(rules, request)
    const explained = explain(ruleSet, witness)
    const truths: Readonly<Record<string, () => boolean>> = {
      'unreachable-rule': () => ruleMatches(rule, request) && taking !== rule && (deed(taking) !== deed(rule)) === differentTarget,
      'partly-shadowed-rule': () => ruleMatches(rule, request) && taking.Priority === by![0] && deed(taking) !== deed(rule),
      'bare-path-missing': () => !ruleMatches(rule, request) && deed(taking) !== deed(rule),
      'prefix-overreach': () => ruleMatches(rule, request),
      'redirect-drops-method': () => taking === rule && redirectedBy(rule, request) !== undefined && request.method === 'POST',
      'redirect-loop': () => isEndless(rules, request),
      'host-falls-to-default': () => taking.Priority === 'default'
    }
    const isTrue = truths[check]?.() ?? false
    return [
      ...(isTrue ? [] : [`${check} ${priority}: ${JSON.stringify(witness)} shows nothing`]),
      ...(URL.canParse(witness.url) ? [] : [`${witness.url} is no URL`]),
      ...(explained.rule === taking.Priority || isOpen(request, explained, taking) ? [] : [`explain says ${explained.rule}, the oracle ${taking.Priority}`])
    ]
  })
}

/** Nothing in it comes twice. */
function isPlain ({ headers, query }: Try): boolean {
  return (headers['x-a'] ?? []).length < 2 && new Set(query.map(([key]) => key.toLowerCase())).size === query.length
}

/** A path that may be normalized is unknown; whoever takes it as it is sent is one of the candidates. */
function isOpen ({ path }: Try, { rule, candidates = [] }: Explanation, taking: AwsRule): boolean {
  return rule === null && candidates.includes(taking.Priority) && /\/\/|\/\.{1,2}(\/|$)/.test(path)
}

function metamorphic (ruleSet: RuleSet, findings: readonly Finding[]): string[] {
  const [listener] = ruleSet.listeners
  const dead = new Set(findings.filter(({ check }) => check === 'unreachable-rule').map(({ rule }) => rule))
  const without = { ...ruleSet, listeners: [{ ...listener!, rules: listener!.rules.filter(rule => !dead.has(rule.priority)) }] }
  const again = readRules(writeRules(ruleSet, 'alb'))
  return [
    ...(diffRuleSets(ruleSet, without).length === 0 ? [] : ['deleting what is unreachable changes something']),
    ...(JSON.stringify(again.listeners[0]!.rules) === JSON.stringify(listener!.rules) ? [] : ['write and read is not the same']),
    ...(diffRuleSets(ruleSet, again).length === 0 ? [] : ['a set differs from itself'])
  ]
}

function judgeDiff (before: readonly AwsRule[], after: readonly AwsRule[], world: readonly Try[]): string[] {
  const changes = diffRuleSets(read(before), read(after))
  const pairs = new Set<string>()
  const taking = world.map(request => [taker(before, request), taker(after, request)] as const)
  for (const [one, other] of taking) {
    if (deed(one) !== deed(other)) pairs.add(`${one.Priority} ${other.Priority}`)
  }
  return [
    ...[...pairs].filter(pair => !changes.some(({ rules }) => `${rules.before} ${rules.after}` === pair)).map(pair => `diff: ${pair} not reported`),
    ...changes.flatMap(({ rules, witness, before: from, after: to }) => {
      const request = tryOf(witness!)
      const [one, other] = [taker(before, request), taker(after, request)]
      const isTrue = one.Priority === rules.before && other.Priority === rules.after && targetText(one) === from && targetText(other) === to && deed(one) !== deed(other)
      return isTrue ? [] : [`diff: ${JSON.stringify(witness)} shows nothing of ${rules.before} to ${rules.after}`]
    })
  ]
}

function deed (rule: AwsRule): string {
  const known = deeds.get(rule) ?? deedOf(rule)
  deeds.set(rule, known)
  return known
}

function subsets<T> (values: readonly T[], size: number): T[][] {
  if (size < 0) return []
  if (size === 0) return [[]]
  return values.flatMap((value, at) => subsets(values.slice(at + 1), size - 1).map(rest => [value, ...rest]))
}
