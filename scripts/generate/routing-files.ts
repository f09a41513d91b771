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

Generated from \`deploy/alb/platform-rules.ts\`. The load balancer evaluates the rules in order of priority.
A rule lists a path and everything below it as two values, \`/x\` and \`/x/*\`, because \`/x*\` would also match \`/xy\`.

${diagram()}
${table}`
}

/** The routes with the target that they lead to, and what stands behind the facade. */
function diagram (): string {
  const id = (target: string): string => target.replaceAll('-', '_')
  const edges = routes.map(({ priority, hosts, paths, target }) => `  balancer -- "${priority}: ${hosts.join(' ') || 'any host'} ${paths.join(' ')}" --> ${id(target)}`)
  return ['```mermaid', 'flowchart LR', '  callers --> balancer[load balancer]', ...edges, '  balancer -- "default" --> nothing[404]', '  mlflow_facade[mlflow-facade] -- "with a valid key" --> mlflow[MLflow, reachable only from here]', '  mlflow_facade -- "is this key valid?" --> api[api: the platform and its auth service]', '```', ''].join('\n')
}
