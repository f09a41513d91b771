/** The files that are written from the table of the platform's routes. */
import { writeRules } from 'alb-rules'
import { hosts, platformRules, reasons, routes } from '../../deploy/alb/platform-rules.js'

/** Each file's path and text. */
export function routingFiles (): Readonly<Record<string, string>> {
  const rules = platformRules()
  return {
    'deploy/alb/after.json': writeRules(rules, 'alb', reasons),
    'deploy/alb/platform.json': JSON.stringify({ hosts, reasons: Object.fromEntries(reasons) }, null, 2) + '\n',
    'deploy/alb/rules.tf.json': writeRules(rules, 'terraform', reasons),
    'docs/routing.md': routingPage(writeRules(rules, 'markdown', reasons))
  }
}

function routingPage (table: string): string {
  return `# Where public requests go

Written from \`deploy/alb/platform-rules.ts\`. The load balancer tries the rules in the order of their priority.
A rule names a path and what is below it as two values, \`/x\` and \`/x/*\`: \`/x*\` would take \`/xy\` as well.

${diagram()}
${table}`
}

/** The routes with the target that they lead to, and what stands behind the facade. */
function diagram (): string {
  const id = (target: string): string => target.replaceAll('-', '_')
  const edges = routes.map(({ priority, hosts, paths, target }) => `  balancer -- "${priority}: ${hosts.join(' ') || 'any host'} ${paths.join(' ')}" --> ${id(target)}`)
  return ['```mermaid', 'flowchart LR', '  callers --> balancer[load balancer]', ...edges, '  balancer -- "default" --> nothing[404]', '  mlflow_facade[mlflow-facade] -- "with a valid key" --> mlflow[MLflow, reachable from here alone]', '  mlflow_facade -- "is this key valid?" --> api[api: the platform and its auth service]', '```', ''].join('\n')
}
