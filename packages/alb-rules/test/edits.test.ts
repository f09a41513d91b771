/** Every edit that is proposed is applied, and the rules are checked again: it mends what it is proposed for and makes nothing new above info. */
import t from 'tap'
import { runChecks } from '../src/checks.js'
import type { Finding } from '../src/check.js'
import { diffRuleSets } from '../src/diff.js'
import { applyEdit, originOf, type Edit } from '../src/edit.js'
import { readRules } from '../src/formats/read.js'
import type { RuleSet } from '../src/model.js'
import { createRandom, forward, randomRules } from './worlds.js'

const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const host = (...values: string[]): object => ({ Field: 'host-header', Values: values })
const rule = (priority: number | 'default', conditions: object[], target: string): object => ({ Priority: String(priority), Conditions: conditions, Actions: forward(target) })
const standard = { Priority: 'default', Conditions: [], Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404' } }] }
const read = (...rules: object[]): RuleSet => readRules(JSON.stringify({ Rules: [...rules, standard] }))
const both = (...rules: object[]): RuleSet => readRules(JSON.stringify({ Listeners: [{ Name: 'http', Protocol: 'HTTP', Rules: [...rules, standard] }, { Name: 'https', Protocol: 'HTTPS', Rules: [...rules, standard] }] }))

/** What is above info, by what it is about, in the numbers before the edit. */
function loud (findings: readonly Finding[], edit?: Edit): string[] {
  const name = (priority: string): string => edit === undefined ? priority : originOf(priority, edit)
  return findings.filter(({ severity }) => severity !== 'info').map(({ check, listener, rule: priority, by = [] }) => [check, listener, priority === null ? null : name(priority), ...check === 'partly-shadowed-rule' ? by.map(name) : []].join(' '))
}

/** Applies every edit, and gives what went wrong. */
function problemsOf (ruleSet: RuleSet): { readonly problems: string[], readonly edits: number } {
  const before = runChecks(ruleSet)
  const known = new Set(loud(before))
  const proposed = before.filter(({ edit }) => edit !== undefined)
  const problems = proposed.flatMap(finding => {
    const { edit, check, listener, rule: priority, fix } = finding
    const findings = runChecks(applyEdit(ruleSet, edit!))
    const fresh = loud(findings, edit).filter(key => !known.has(key))
    const isLeft = findings.some(one => one.check === check && one.listener === listener && one.rule !== null && originOf(one.rule, edit!) === priority && (one.message === finding.message || check === 'unreachable-rule'))
    return [...fresh.map(key => `${fix} makes ${key}`), ...isLeft ? [`${fix} does not mend ${check} ${priority}`] : []]
  })
  return { problems, edits: proposed.length }
}

const editOf = (ruleSet: RuleSet, check: string, priority: string): Pick<Finding, 'fix' | 'edit'> => runChecks(ruleSet).find(finding => finding.check === check && finding.rule === priority)!

t.test('a value that has room is put in', async t => {
  const rules = read(rule(10, [path('/api*', '/x')], 'api'))
  t.match(editOf(rules, 'prefix-overreach', '10'), { fix: 'Replace /api* by the two values /api and /api/*.', edit: { listeners: [null], steps: [{ do: 'replace-path', rule: '10', value: '/api*', by: ['/api', '/api/*'] }] } })
  t.same(problemsOf(rules), { problems: [], edits: 1 })
})

t.test('a sixth value is a second rule', async t => {
  const rules = read(rule(10, [host('a.example.com', 'b.example.com'), path('/api*', '/x', '/y')], 'api'), rule(20, [path('/z')], 'z'))
  const { fix, edit } = editOf(rules, 'prefix-overreach', '10')
  t.match(fix, /no room for another value.*leave \/api in place of \/api\* in it, and give \/api\/\* a rule of its own, number 11/)
  const after = applyEdit(rules, edit!)
  t.same(after.listeners[0]?.rules.map(({ priority }) => priority), ['10', '11', '20', 'default'])
  t.same(runChecks(after).filter(({ check }) => check === 'limit-exceeded'), [])
  t.same(problemsOf(rules), { problems: [], edits: 1 })
  const bare = readRules(JSON.stringify({ Rules: [rule(10, [path('/a/*', '/b', '/c', '/d', '/e')], 'api'), rule('default', [], 'rest')] }))
  t.match(editOf(bare, 'bare-path-missing', '10').fix, /give \/a a rule of its own, number 11/)
  t.same(problemsOf(bare), { problems: [], edits: 1 })
  const full = read(rule(10, [path('/api*', '/x', '/y', '/w', '/v')], 'api'), rule(11, [path('/z')], 'z'))
  t.equal(editOf(full, 'prefix-overreach', '10').edit, undefined, 'no number is free')
})

t.test('an edit that would make another finding is none', async t => {
  // Narrowed, rule 20 no longer holds all of rule 10, and the two cross.
  const rules = read(rule(10, [path('/api*/admin')], 'admin'), rule(20, [path('/api*')], 'api'))
  const { fix, edit } = editOf(rules, 'prefix-overreach', '20')
  t.equal(edit, undefined)
  t.match(fix, /check again/)
})

t.test('two listeners with one set of rules get one edit, so that they go on to decide alike', async t => {
  const rules = both(rule(10, [path('/api*')], 'api'), rule(20, [path('/api/x')], 'x'))
  for (const [check, priority] of [['prefix-overreach', '10'], ['unreachable-rule', '20']] as const) t.same(editOf(rules, check, priority).edit?.listeners, ['http', 'https'])
  t.same(problemsOf(rules), { problems: [], edits: 4 })
})

t.test('a rule that nothing gets to moves, with a number between or with the numbers that there are', async t => {
  t.match(editOf(read(rule(10, [path('/a', '/a/*')], 'a'), rule(20, [path('/a/x')], 'x')), 'unreachable-rule', '20'), { fix: 'Give rule 20 the priority 9, before rule 10.', edit: { steps: [{ do: 'renumber', priorities: { 20: '9' } }] } })
  const tight = read(rule(1, [path('/a', '/a/*')], 'a'), rule(2, [path('/a/x')], 'x'))
  t.match(editOf(tight, 'unreachable-rule', '2'), { fix: /set-rule-priorities\): 2 to 1, 1 to 2\./, edit: { steps: [{ priorities: { 1: '2', 2: '1' } }] } })
  t.same(problemsOf(tight), { problems: [], edits: 1 })
  t.match(editOf(read(rule(10, [path('/a*')], 'a'), rule(20, [path('/ab')], 'a')), 'unreachable-rule', '20').edit?.steps, [{ do: 'delete', rule: '20' }])
})

t.test('edits that touch each other are one order of rules', async t => {
  const rules = read(rule(10, [path('/a', '/a/*')], 'a'), rule(20, [path('/a/x', '/a/x/*')], 'x'), rule(30, [path('/a/x/y')], 'y'))
  const [one, other] = ['20', '30'].map(priority => editOf(rules, 'unreachable-rule', priority))
  t.same(one?.edit, other?.edit)
  t.match(one?.fix, /fixes the rules 20, 30 together/)
  t.same(applyEdit(rules, one!.edit!).listeners[0]?.rules.map(({ priority, action }) => [priority, action.kind === 'forward' ? action.groups[0]?.name : '']), [['10', 'y'], ['20', 'x'], ['30', 'a'], ['default', '']])
  t.same(problemsOf(rules), { problems: [], edits: 2 })
})

t.test('random rules: every edit mends and makes nothing new above info', async t => {
  const random = createRandom(2026)
  let edits = 0
  for (let round = 0; round < 500; round++) {
    const parts = ['path', ...random.below(2) === 0 ? ['host' as const] : []] as const
    const rules = randomRules(random, parts, 3 + random.below(5))
    const ruleSet = random.below(3) === 0 ? readRules(JSON.stringify({ Listeners: ['HTTP', 'HTTPS'].map(Protocol => ({ Protocol, Rules: rules })) })) : readRules(JSON.stringify({ Rules: rules }))
    const found = problemsOf(ruleSet)
    edits += found.edits
    if (found.problems.length > 0) t.fail(found.problems.join('\n'), { rules: JSON.stringify(rules) })
  }
  t.ok(edits > 200, `${edits} edits`)
})

t.test('deleting is proposed only where no request goes elsewhere after it', async t => {
  const random = createRandom(5)
  let deletions = 0
  for (let round = 0; round < 200; round++) {
    const ruleSet = readRules(JSON.stringify({ Rules: randomRules(random, ['path'], 4 + random.below(4)) }))
    for (const { edit } of runChecks(ruleSet)) {
      if (edit?.steps[0]?.do !== 'delete') continue
      deletions++
      t.same(diffRuleSets(ruleSet, applyEdit(ruleSet, edit)), [])
    }
  }
  t.ok(deletions > 5, `${deletions} deletions`)
})
