/** A second opinion on load-balancer rules that shares no code with the analyser: it works on the JSON of AWS, matches with regular expressions, and knows what is true only by trying every request of a small world. */

export interface AwsRule {
  readonly Priority: string
  readonly Conditions: readonly AwsCondition[]
  readonly Actions: readonly Action[]
  readonly Transforms?: readonly object[]
}

interface Action {
  readonly Type?: string
  readonly Order?: number
  readonly TargetGroupArn?: string
  readonly RedirectConfig?: { readonly Host: string, readonly StatusCode: string }
  readonly FixedResponseConfig?: { readonly StatusCode: string, readonly MessageBody: string }
  readonly ForwardConfig?: { readonly TargetGroups: ReadonlyArray<{ readonly TargetGroupArn: string, readonly Weight: number }> }
}

export interface AwsCondition {
  readonly Field: string
  readonly Values?: readonly string[]
  readonly PathPatternConfig?: { readonly RegexValues: readonly string[] }
  readonly HttpHeaderConfig?: { readonly HttpHeaderName: string, readonly Values: readonly string[] }
  readonly QueryStringConfig?: { readonly Values: ReadonlyArray<{ readonly Key?: string, readonly Value: string }> }
  readonly HttpRequestMethodConfig?: { readonly Values: readonly string[] }
  readonly SourceIpConfig?: { readonly Values: readonly string[] }
}

export interface World {
  readonly host: readonly string[]
  readonly path: readonly string[]
  readonly method: readonly string[]
  /** Each a list of values of the header X-A. */
  readonly header: ReadonlyArray<readonly string[]>
  readonly query: ReadonlyArray<ReadonlyArray<readonly [key: string, value: string]>>
  readonly source: readonly string[]
}

export interface Try {
  readonly host: string
  readonly path: string
  readonly method: string
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly query: ReadonlyArray<readonly [key: string, value: string]>
  readonly source: string | undefined
}

/** Whether one rule matches; a default rule has no conditions. */
export function ruleMatches (rule: AwsRule, request: Try): boolean {
  return rule.Conditions.every(condition => conditionMatches(condition, request))
}

/** The first rule that matches. */
export function taker (rules: readonly AwsRule[], request: Try): AwsRule {
  return rules.find(rule => ruleMatches(rule, request))!
}

/** Equal for two rules exactly where they do the same: which share of the requests goes to which group, or else the action as it is written, each with what comes before and after it. */
export function deedOf ({ Actions, Transforms = [] }: AwsRule): string {
  const inOrder = [...Actions].sort((one, other) => (one.Order ?? 1) - (other.Order ?? 1))
  return JSON.stringify([inOrder.map(({ Order, ...action }) => action.Type === 'forward' ? sharesOf(action) : action), Transforms])
}

/** The text that names where a rule sends requests. */
export function targetText ({ Actions, Transforms = [] }: AwsRule): string {
  const action = Actions.find(({ Type = '' }) => !Type.startsWith('authenticate'))!
  const shares = action.ForwardConfig?.TargetGroups.filter(({ Weight }) => Weight > 0).map(({ TargetGroupArn, Weight }) => [nameIn(TargetGroupArn), Weight] as const)
  const texts: Readonly<Record<string, () => string>> = {
    forward: () => shares === undefined ? nameIn(action.TargetGroupArn!) : shares.length === 1 ? shares[0]![0] : shares.map(([name, weight]) => `${name}:${weight}`).sort().join(),
    redirect: () => `redirect:302 #{protocol}://${action.RedirectConfig!.Host}:#{port}/#{path}?#{query}`,
    'fixed-response': () => `fixed:${action.FixedResponseConfig!.StatusCode}`
  }
  return (Actions.length > 1 ? 'oidc>' : '') + texts[action.Type!]!() + (Transforms.length > 0 ? ' ~rewrite' : '')
}

/** The request that a client makes when a rule redirects this one (to another host): undefined where the rule does not redirect. */
export function redirectedBy ({ Actions }: AwsRule, request: Try): Try | undefined {
  const redirect = Actions.at(-1)!.RedirectConfig
  return redirect === undefined ? undefined : { ...request, host: redirect.Host, method: request.method === 'POST' ? 'GET' : request.method }
}

/** Whether a request is sent round for ever. A host that no rule names is somebody else's, and a redirect to it leads away. */
export function isEndless (rules: readonly AwsRule[], request: Try): boolean {
  const named = rules.flatMap(rule => rule.Conditions).flatMap(({ Field, Values }) => Field === 'host-header' ? Values! : []).filter(value => !/^\*+$/.test(value))
  let asked: Try | undefined = request
  for (let hop = 0; hop < 30 && asked !== undefined; hop++) {
    const next = redirectedBy(taker(rules, asked), asked)
    asked = next !== undefined && named.some(value => regex(value, 'i').test(next.host)) ? next : undefined
  }
  return asked !== undefined
}

function nameIn (arn: string): string {
  return arn.split('/')[1]!
}

/** How many of 10,000 requests each group gets. */
function sharesOf ({ TargetGroupArn, ForwardConfig }: Action): string {
  const groups = ForwardConfig?.TargetGroups ?? [{ TargetGroupArn: TargetGroupArn!, Weight: 1 }]
  const sum = groups.reduce((total, { Weight }) => total + Weight, 0)
  return groups.filter(({ Weight }) => Weight > 0).map(group => `${group.TargetGroupArn}=${Math.round(10_000 * group.Weight / sum)}`).sort().join()
}

/** Every request of a world. */
export function * requestsOf (world: World): Generator<Try> {
  const headerSets = world.header.map(values => ({ 'x-a': values }))
  for (const host of world.host) {
    for (const path of world.path) {
      for (const method of world.method) {
        for (const headers of headerSets) {
          for (const query of world.query) {
            for (const source of world.source) yield { host, path, method, headers, query, source }
          }
        }
      }
    }
  }
}

/** A witness as the contract gives it, read by means of the URL standard. */
export function tryOf (witness: { readonly method: string, readonly url: string, readonly headers: Readonly<Record<string, readonly string[]>>, readonly sourceIp?: string }): Try {
  const [, host = '', , path = '', query = ''] = /^https?:\/\/([^/:?#]+)(:\d+)?([^?#]*)\??(.*)$/.exec(witness.url)!
  return {
    host,
    path,
    method: witness.method,
    headers: Object.fromEntries(Object.entries(witness.headers).map(([name, values]) => [name.toLowerCase(), values])),
    query: query === '' ? [] : query.split('&').map(pair => [pair.split('=')[0]!, pair.split('=').slice(1).join('=')] as const),
    source: witness.sourceIp
  }
}

const answers = new WeakMap<AwsCondition, Map<unknown, boolean>>()

/** Asks once for each value of the part that the condition looks at. */
function conditionMatches (condition: AwsCondition, request: Try): boolean {
  const part = parts[condition.Field]
  if (part === undefined) throw new Error(`no opinion on ${condition.Field}`)
  const known = answers.get(condition) ?? new Map<unknown, boolean>()
  answers.set(condition, known)
  const old = known.get(request[part])
  if (old !== undefined) return old
  const answer = holds(condition, request)
  known.set(request[part], answer)
  return answer
}

const parts: Readonly<Record<string, keyof Try>> = { 'host-header': 'host', 'path-pattern': 'path', 'http-request-method': 'method', 'source-ip': 'source', 'http-header': 'headers', 'query-string': 'query' }

function holds (condition: AwsCondition, { host, path, method, headers, query, source }: Try): boolean {
  switch (condition.Field) {
    case 'host-header': return condition.Values!.some(value => regex(value, 'i').test(host))
    case 'path-pattern': return (condition.Values ?? []).some(value => regex(value, '').test(path)) || (condition.PathPatternConfig?.RegexValues ?? []).some(value => plainRegex(value).test(path))
    case 'http-request-method': return condition.HttpRequestMethodConfig!.Values.some(value => value === method)
    case 'source-ip': return source !== undefined && condition.SourceIpConfig!.Values.some(range => inRange(source, range))
    case 'http-header': {
      const { HttpHeaderName: name, Values: values } = condition.HttpHeaderConfig!
      return (headers[name.toLowerCase()] ?? []).some(sent => values.some(value => regex(value, 'i').test(sent)))
    }
    default: return query.some(([key, value]) => condition.QueryStringConfig!.Values.some(pair => (pair.Key === undefined || regex(pair.Key, 'i', true).test(key)) && regex(pair.Value, 'i', true).test(value)))
  }
}

const known = new Map<string, RegExp>()

/** Of the plain subset, in which all dialects agree. */
function plainRegex (value: string): RegExp {
  const made = known.get(`regex ${value}`) ?? new RegExp(value)
  known.set(`regex ${value}`, made)
  return made
}

function regex (pattern: string, flags: string, escapes = false): RegExp {
  const key = `${flags} ${escapes} ${pattern}`
  const old = known.get(key)
  if (old !== undefined) return old
  const source = pattern.replace(escapes ? /\\[*?]|[\s\S]/g : /[\s\S]/g, token => token === '*' ? '[^]*' : token === '?' ? '[^]' : token.length === 2 ? '\\' + token[1] : token.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&'))
  const made = new RegExp(`^${source}$`, flags)
  known.set(key, made)
  return made
}

function inRange (address: string, range: string): boolean {
  const [base, length] = range.split('/')
  const [one, other] = [numberOf(address), numberOf(base!)]
  if (one.bits !== other.bits) return false
  const shift = BigInt(one.bits - Number(length))
  return one.value >> shift === other.value >> shift
}

function numberOf (address: string): { readonly bits: number, readonly value: bigint } {
  if (!address.includes(':')) return { bits: 32, value: address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n) }
  const [head = '', tail] = address.split('::')
  const groups = (text: string): string[] => text === '' ? [] : text.split(':')
  const [left, right] = [groups(head), groups(tail ?? '')]
  const all = tail === undefined ? left : [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return { bits: 128, value: all.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n) }
}
