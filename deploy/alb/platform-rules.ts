/** The platform's public hosts and paths, declared once, each with its reason. Load-balancer rules, Terraform and the routing page are written from here. */
import type { Condition, Listener, Rule, RuleSet } from 'alb-rules'

export interface Route {
  readonly priority: number
  /** Empty: every host. */
  readonly hosts: readonly string[]
  /** Empty: every path. A path and what is below it are two values, `/x` and `/x/*`: `/x*` would take `/xy` too. */
  readonly paths: readonly string[]
  /** Name of a target group. */
  readonly target: string
  readonly reason: string
}

const registry = ['registry.hokus.ai']

/** A load balancer takes five values a rule, the host among them, so that the facade's paths fill several rules. */
export const routes: readonly Route[] = [
  { priority: 10, hosts: registry, paths: ['/mlflow', '/mlflow/*'], target: 'mlflow-facade', reason: 'MLflow, outside /api so that no rule for /api can take it' },
  { priority: 11, hosts: registry, paths: ['/api/mlflow', '/api/mlflow/*', '/api/health/mlflow'], target: 'mlflow-facade', reason: 'the old path of MLflow, which the facade redirects or serves, and the old health path' },
  { priority: 12, hosts: registry, paths: ['/api/2.0/mlflow', '/api/2.0/mlflow/*', '/api/3.0/mlflow', '/api/3.0/mlflow/*'], target: 'mlflow-facade', reason: 'clients that use the bare host as their tracking URI' },
  { priority: 13, hosts: registry, paths: ['/api/2.0/mlflow-artifacts', '/api/2.0/mlflow-artifacts/*'], target: 'mlflow-facade', reason: 'artifacts of the same clients' },
  { priority: 14, hosts: registry, paths: ['/ajax-api/2.0/mlflow', '/ajax-api/2.0/mlflow/*', '/ajax-api/3.0/mlflow', '/ajax-api/3.0/mlflow/*'], target: 'mlflow-facade', reason: 'MLflow web UI loaded from the bare host' },
  { priority: 15, hosts: registry, paths: ['/ajax-api/2.0/mlflow-artifacts', '/ajax-api/2.0/mlflow-artifacts/*'], target: 'mlflow-facade', reason: 'artifacts of the same web UI' },
  { priority: 16, hosts: registry, paths: ['/login', '/logout', '/console', '/console/*'], target: 'mlflow-facade', reason: 'signing in with a key; the administrators\' console' },
  { priority: 17, hosts: registry, paths: ['/whoami', '/whoami/*', '/admin/keys', '/admin/keys/*'], target: 'mlflow-facade', reason: 'what a key may do, and key management over HTTP' },
  { priority: 18, hosts: registry, paths: ['/admin/audit', '/admin/explain', '/admin/usage', '/login/*'], target: 'mlflow-facade', reason: 'the audit trail, explanations and the use of keys over HTTP; signing in at an identity provider, and the way back' },
  { priority: 19, hosts: registry, paths: ['/live', '/ready', '/version', '/openapi.yaml'], target: 'mlflow-facade', reason: 'health and OpenAPI document of the facade, under names that the platform\'s API never had; /health, /docs and /openapi.json stay with the platform' },
  { priority: 20, hosts: registry, paths: ['/keys', '/keys/*'], target: 'mlflow-facade', reason: 'keys that people make for themselves' },
  { priority: 50, hosts: registry, paths: [], target: 'api', reason: 'everything else on this host is the platform\'s API, as before' },
  { priority: 90, hosts: ['auth.hokus.ai'], paths: ['/api', '/api/*'], target: 'api', reason: 'the auth service depends on the general rule for /api; its own rule here keeps it reachable if that one is narrowed' },
  { priority: 100, hosts: [], paths: ['/api', '/api/*'], target: 'api', reason: 'the platform\'s API on every other host, without /apis and the like' },
  { priority: 200, hosts: [], paths: ['/mlflow', '/mlflow/*'], target: 'mlflow-facade', reason: 'MLflow on every other host: it was open there, now it requires a key' }
]

/** Hosts that point at the load balancer, whether a rule names them or not. */
export const hosts: readonly string[] = ['auth.hokus.ai', 'api.hokus.ai', 'registry.hokus.ai']

/** Why each rule is there, by priority. */
export const reasons: ReadonlyMap<string, string> = new Map([...routes.map(({ priority, reason }) => [String(priority), reason] as const), ['default', 'nothing else is public']])

/** The declaration as the rules of the two listeners, which decide alike. */
export function platformRules (): RuleSet {
  const rules = [...routes.map(ruleOf), standard]
  return { listeners: [listener('http', 'HTTP', 80, rules), listener('https', 'HTTPS', 443, rules)], notes: [] }
}

const standard: Rule = { priority: 'default', conditions: [], steps: [], action: { kind: 'fixed-response', status: '404', contentType: 'text/plain', body: 'Not found' }, transforms: [] }

function listener (name: string, protocol: 'HTTP' | 'HTTPS', port: number, rules: readonly Rule[]): Listener {
  return { label: name, name, protocol, port, balancer: '', rules }
}

function ruleOf ({ priority, hosts: names, paths, target }: Route): Rule {
  const condition = (kind: 'host-header' | 'path-pattern', values: readonly string[]): Condition[] => values.length === 0 ? [] : [{ kind, values, regexes: [] }]
  return {
    priority: String(priority),
    conditions: [...condition('host-header', names), ...condition('path-pattern', paths)],
    steps: [],
    action: { kind: 'forward', groups: [{ name: target, weight: 1 }] },
    transforms: []
  }
}
