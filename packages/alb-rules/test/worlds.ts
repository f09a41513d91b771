/** Random rule sets over a small alphabet, and worlds of requests that are large enough to tell what such rules do. */
import type { AwsCondition, AwsRule, World } from './oracle.js'

export interface Random {
  /** A whole number below the limit. */
  readonly below: (limit: number) => number
  readonly pick: <T>(values: readonly T[]) => T
}

/** The same numbers for the same seed (mulberry32). */
export function createRandom (seed: number): Random {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6D2B79F5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
  const below = (limit: number): number => Math.floor(next() * limit)
  return { below, pick: values => values[below(values.length)]! }
}

export type Kind = 'host' | 'path' | 'regex' | 'method' | 'header' | 'query' | 'source'

export const kinds: readonly Kind[] = ['host', 'path', 'method', 'header', 'query', 'source']

/** Rules that look at some parts of a request, and a default. */
export function randomRules (random: Random, parts: readonly Kind[], count: number): readonly AwsRule[] {
  const rules = Array.from({ length: count }, (_, at) => ({ Priority: String((at + 1) * 10), Conditions: randomConditions(random, parts), ...randomActs(random, ['a', 'b', 'c']) }))
  return [...rules, { Priority: 'default', Conditions: [], ...randomActs(random, ['a', 'd']) }]
}

/** One rule taken out, put in, changed in a condition or a target, or two swapped. */
export function mutated (random: Random, rules: readonly AwsRule[], parts: readonly Kind[]): readonly AwsRule[] {
  const at = random.below(rules.length - 1)
  const changed = (rule: AwsRule, more: Partial<AwsRule>): readonly AwsRule[] => rules.map(one => one === rule ? { ...one, ...more } : one)
  const rule = rules[at]!
  switch (random.below(5)) {
    case 0: return rules.filter(one => one !== rule)
    case 1: return changed(rule, { Conditions: randomConditions(random, parts) })
    case 2: return changed(rule, randomActs(random, ['a', 'b', 'c', 'e']))
    case 3: return [{ ...rule, Priority: String(Number(rule.Priority) + 5), Conditions: randomConditions(random, parts) }, ...rules].sort((one, other) => rank(one) - rank(other))
    default: return rules.map(one => one === rule ? { ...rules[0]!, Priority: rule.Priority } : one === rules[0] ? { ...rule, Priority: one.Priority } : one)
  }
}

/** Every request that differs in the parts that are looked at. */
export function worldOf (parts: readonly Kind[], lengthMax: number): World {
  const has = (kind: Kind): boolean => parts.includes(kind)
  const values = ['a', 'b', 'ab', 'x', 'ba', 'aa']
  const lists = [[], ...values.map(value => [value]), ['a', 'b'], ['x', 'ab'], ['a', 'x'], ['b', 'aa'], ['b', 'x']]
  const pairs = ['a', 'b', 'x'].flatMap(key => ['a', 'b', 'x', 'ab', '*'].map(value => [key, value] as const))
  return {
    host: has('host') ? words('abx.', lengthMax).filter(word => /^[abx]+(\.[abx]+)*$/.test(word)) : ['h.test'],
    path: has('path') || has('regex') ? words('abx/', lengthMax).map(word => '/' + word) : ['/'],
    method: has('method') ? ['GET', 'POST', 'PUT', 'HEAD', 'PURGE'] : ['GET'],
    header: has('header') ? lists : [[]],
    query: has('query') ? [[], ...pairs.map(pair => [pair]), ...pairs.slice(0, 6).flatMap(one => pairs.slice(6, 12).map(other => [one, other]))] : [[]],
    source: has('source') ? ['10.0.0.1', '10.128.0.1', '10.1.2.3', '11.0.0.1', '192.0.2.1', '2001:db8::1', '2001:db9::1'] : ['192.0.2.1']
  }
}

export function forward (name: string): AwsRule['Actions'] {
  return [{ Type: 'forward', TargetGroupArn: arnOf(name) }]
}

function arnOf (name: string): string {
  return `arn:aws:elasticloadbalancing:region:account:targetgroup/${name}/id`
}

/** What a rule does: in half of them it sends to one group; else it weighs, redirects, answers, asks for a login or rewrites. */
function randomActs (random: Random, names: readonly string[]): Pick<AwsRule, 'Actions' | 'Transforms'> {
  const group = (name: string, weight: number) => ({ TargetGroupArn: arnOf(name), Weight: weight })
  const login = { Type: 'authenticate-oidc', AuthenticateOidcConfig: { Issuer: random.pick(['https://one.example', 'https://other.example']) } }
  const plain = forward(random.pick(names))
  switch (random.below(10)) {
    case 0: return { Actions: [{ Type: 'forward', ForwardConfig: { TargetGroups: random.pick([[group('a', 1), group('b', 3)], [group('b', 75), group('c', 0), group('a', 25)], [group('a', 3), group('b', 1)], [group('a', 7)]]) } }] }
    case 1: return { Actions: [{ Type: 'redirect', RedirectConfig: { Host: random.pick(['ab', 'a.b']), StatusCode: 'HTTP_302' } }] }
    case 2: return { Actions: [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: random.pick(['404', '503']), MessageBody: random.pick(['', 'no']) } }] }
    case 3: return { Actions: [{ ...plain[0], Order: 2 }, { ...login, Order: 1 }] }
    case 4: return { Actions: plain, Transforms: [{ Type: 'url-rewrite', UrlRewriteConfig: { Rewrites: [{ Regex: '^/', Replace: random.pick(['/x', '/y']) }] } }] }
    default: return { Actions: plain }
  }
}

function randomConditions (random: Random, parts: readonly Kind[]): readonly AwsCondition[] {
  const used = parts.filter(() => random.below(3) > 0)
  return (used.length > 0 ? used : [random.pick(parts)]).map(kind => randomCondition(random, kind))
}

function randomCondition (random: Random, kind: Kind): AwsCondition {
  const several = <T>(make: () => T): T[] => Array.from({ length: 1 + random.below(3) }, make)
  switch (kind) {
    case 'host': return { Field: 'host-header', Values: several(() => pattern(random, ['a', 'b', 'A', '*', '?', '.', '*.a', 'a.b'])) }
    case 'path': return { Field: 'path-pattern', Values: several(() => (random.below(5) > 0 ? '/' : '') + pattern(random, ['a', 'b', '*', '?', '/', 'a*'])) }
    case 'regex': return { Field: 'path-pattern', ...random.below(3) === 0 ? { Values: [`/${pattern(random, ['a', 'b', '*', '/'])}`] } : {}, PathPatternConfig: { RegexValues: several(() => `^/${randomRegex(random, 1)}$`) } }
    case 'method': return { Field: 'http-request-method', HttpRequestMethodConfig: { Values: [...new Set(several(() => random.pick(['GET', 'POST', 'PUT', 'HEAD'])))] } }
    case 'header': return { Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: random.pick(['X-A', 'x-a']), Values: several(() => pattern(random, ['a', 'b', 'B', '*', '?'])) } }
    case 'query': return { Field: 'query-string', QueryStringConfig: { Values: several(() => ({ ...(random.below(3) > 0 ? { Key: random.pick(['a', 'b', 'A', '?', 'a*']) } : {}), Value: random.pick(['a', 'b', '*', '?', 'a*', '\\*', '?b']) })) } }
    case 'source': return { Field: 'source-ip', SourceIpConfig: { Values: several(() => random.pick(['10.0.0.0/8', '10.0.0.0/9', '10.128.0.0/9', '0.0.0.0/0', '::/0', '2001:db8::/32', '192.0.2.1/32', '0.0.0.0/1', '128.0.0.0/1'])) } }
  }
}

/** A regular expression of the plain subset over the characters of the worlds. */
export function randomRegex (random: Random, depth: number): string {
  const atom = (): string => {
    const simple = random.pick(['a', 'b', 'x', '/', '.', '[ab]', '[^a]', '[a-b/]', '[^/]', '\\/', '\\w'])
    if (depth === 0 || random.below(3) > 0) return simple
    return `(${random.below(2) === 0 ? '?:' : ''}${Array.from({ length: 1 + random.below(3) }, () => randomRegex(random, depth - 1)).join('|')})`
  }
  return Array.from({ length: random.below(4) }, () => atom() + random.pick(['', '', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?'])).join('')
}

function pattern (random: Random, tokens: readonly string[]): string {
  return Array.from({ length: 1 + random.below(3) }, () => random.pick(tokens)).join('')
}

function rank ({ Priority }: AwsRule): number {
  return Priority === 'default' ? Infinity : Number(Priority)
}

function words (alphabet: string, lengthMax: number): string[] {
  const all = ['']
  for (let from = 0, length = 0; length < lengthMax; length++) {
    const to = all.length
    for (; from < to; from++) for (const char of alphabet) all.push(all[from]! + char)
  }
  return all
}
