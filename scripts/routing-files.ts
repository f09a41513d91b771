/** The files that are written from the table of the platform's routes. */
import { writeRules } from '../src/routing/formats/write.js'
import { platformRules, reasons } from '../src/routing/table.js'

/** Each file's path and text. */
export function routingFiles (): Readonly<Record<string, string>> {
  const rules = platformRules()
  return {
    'deploy/alb/after.json': writeRules(rules, 'alb', reasons),
    'deploy/alb/rules.tf.json': writeRules(rules, 'terraform', reasons),
    'docs/routing.md': `# Where public requests go\n\nWritten from \`src/routing/table.ts\`. The load balancer tries the rules in the order of their priority.\nA rule names a path and what is below it as two values, \`/x\` and \`/x/*\`: \`/x*\` would take \`/xy\` as well.\n\n${writeRules(rules, 'markdown', reasons)}`
  }
}
