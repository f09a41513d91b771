/** Reads a document of rules, whichever of the known formats it has. */
import { parseDocument } from 'yaml'
import { InputError, complain, type Cursor } from '../cursor.js'
import type { RuleSet } from '../model.js'
import { readAws } from './aws.js'
import { isTerraform, isTerraformPlan, readTerraform, readTerraformChange } from './terraform.js'

/** Modules of Terraform nest, and the deepest trees of them are far from this; what reads a document level by level needs some limit. */
const levelsMax = 500

/**
 * The rules in a text of JSON: of `aws elbv2 describe-rules`, several listeners of that kind, or `terraform show -json`.
 * @throws InputError with the place in the document
 */
export function readRules (text: string): RuleSet {
  const document = parsed(text)
  return isTerraform(document) ? readTerraform(document) : readAws(document)
}

function parsed (text: string): Cursor {
  const document: Cursor = { value: parseJson(text), place: '' }
  if (isDeeperThan(levelsMax, document.value)) complain(document, `it is nested more than ${levelsMax} levels deep, which no rules are`)
  if (Array.isArray(document.value)) complain(document, 'an object with Rules or Listeners belongs here, not a bare list')
  return document
}

/**
 * The rules before and after a plan of Terraform's: what it found, and what it would make of it.
 * @throws InputError where the text is no plan
 */
export function readPlannedChange (text: string): readonly [before: RuleSet, after: RuleSet] {
  const document = parsed(text)
  if (!isTerraformPlan(document)) {
    complain(document, 'it is not what terraform show -json prints of a plan, so it tells no change by itself: give BEFORE and AFTER')
  }
  return readTerraformChange(document)
}

function parseJson (text: string): unknown {
  const json = text.replace(/^\uFEFF/, '')
  try {
    return JSON.parse(json)
  } catch (error) {
    const [problem] = parseDocument(json, { schema: 'json' }).errors
    const at = problem?.linePos?.[0]
    const place = at === undefined ? '' : `, line ${at.line}, column ${at.col}`
    throw new InputError(`the document is not JSON${place}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function isDeeperThan (levels: number, value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap(one => typeof one === 'object' && one !== null ? Object.values(one) : [])
    if (level.length === 0) return false
  }
  return true
}
