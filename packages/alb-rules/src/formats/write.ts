/** Writes rules in a form that others read. What a form cannot say is an error, never left out. */
import type { RuleSet } from '../model.js'
import { albDocument } from './write-alb.js'
import { markdown } from './write-markdown.js'
import { terraformDocument } from './write-terraform.js'

export type Format = 'alb' | 'terraform' | 'markdown'

/**
 * @param reasons why each rule is there, by priority; Terraform's form and the table have a place for them
 * @throws WriteError where the form has no words for something in the rules
 */
export function writeRules (ruleSet: RuleSet, format: Format, reasons: ReadonlyMap<string, string> = new Map()): string {
  switch (format) {
    case 'alb': return json(albDocument(ruleSet))
    case 'terraform': return json(terraformDocument(ruleSet, reasons))
    case 'markdown': return markdown(ruleSet, reasons)
  }
}

function json (value: unknown): string {
  return JSON.stringify(value, null, 2) + '\n'
}
