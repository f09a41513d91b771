/** Reads a document of rules, whichever of the known formats it has. */
import { parseAllDocuments, parseDocument, type Document } from 'yaml'
import { InputError, complain, listOf, objectOf, type Cursor } from '../cursor.js'
import type { RuleSet } from '../model.js'
import { readAws } from './aws.js'
import { isCloudFormation, readCloudFormation, shortForms } from './cloudformation.js'
import { isControllerModel, readControllerModel } from './controller-model.js'
import { sentenceForObject, sentenceForText } from './recognise.js'
import { isTerraform, isTerraformPlan, readTerraform, readTerraformChange } from './terraform.js'

/** Modules of Terraform nest, and the deepest trees of them are far from this; what reads a document level by level needs some limit. */
const levelsMax = 500

/**
 * The rules in a text: of `aws elbv2 describe-rules` or `describe-listeners`, several listeners of that kind, Terraform's plans
 * and states, CloudFormation's templates, or the model of aws-load-balancer-controller.
 * @throws InputError with the place in the document, or with the command that makes a document that can be read
 */
export function readRules (text: string): RuleSet {
  return rulesOf(parsed(text))
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

function rulesOf (document: Cursor): RuleSet {
  if (isControllerModel(document)) return readControllerModel(document)
  if (isCloudFormation(document)) return readCloudFormation(document)
  if (isTerraform(document)) return readTerraform(document)
  const object = objectOf(document)
  const sentence = 'Rules' in object || 'Listeners' in object ? undefined : sentenceForObject(object)
  return sentence === undefined ? readAws(document) : complain(document, sentence)
}

function parsed (text: string): Cursor {
  const document: Cursor = { value: valueOf(text.replace(/^\uFEFF/, '')), place: '' }
  if (isDeeperThan(levelsMax, document.value)) complain(document, `it is nested more than ${levelsMax} levels deep, which no rules are`)
  return unwrapped(document)
}

/** A list of rules or of listeners alone, as --query prints it; a line of the controller's log with the model in it. */
function unwrapped (document: Cursor): Cursor {
  if (Array.isArray(document.value)) {
    const [first] = listOf(document)
    const object = typeof first?.value === 'object' && first.value !== null ? first.value : {}
    const isRule = 'Priority' in object || 'Conditions' in object
    const name = isRule ? 'Rules' : 'ListenerArn' in object || 'Rules' in object ? 'Listeners' : undefined
    if (name === undefined) complain(document, 'an object with Rules or Listeners belongs here, not a bare list of something else')
    return { value: { [name]: document.value }, place: '' }
  }
  const model = modelIn(document.value)
  return typeof model === 'string' ? parsed(model) : document
}

/** The model in a line of the controller's log. */
function modelIn (line: unknown): unknown {
  return typeof line === 'object' && line !== null && 'model' in line ? line.model : undefined
}

function valueOf (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    return otherValueOf(text) ?? refuse(text, error)
  }
}

/** The value of a text that is no JSON: a line of a log, or YAML; undefined for what is neither. */
function otherValueOf (text: string): unknown {
  const line = lastModel(text)
  if (line !== undefined) return line
  const sentence = sentenceForText(text)
  if (sentence !== undefined) throw new InputError(sentence)
  if (/^\s*[[{]/.test(text)) return undefined
  const documents = tried(() => parseAllDocuments(text, { customTags: [...shortForms], logLevel: 'silent' })) ?? []
  const [document] = Array.isArray(documents) ? documents as Document.Parsed[] : []
  if (document === undefined || document.errors.length > 0) return undefined
  const value: unknown = tried(() => document.toJS())
  return typeof value === 'object' && value !== null ? value : undefined
}

/** The last line of the controller's log that has a model in it; each Ingress or group of them has models of its own.
 *  @throws InputError for the models of several */
function lastModel (text: string): unknown {
  const lines = text.split('\n').filter(line => line.includes('"model"')).map(line => tried(() => JSON.parse(line) as unknown))
  const models = lines.map(line => ({ line, model: modelIn(line) })).filter(({ model }) => typeof model === 'string')
  const ids = new Set(models.map(({ model }) => tried(() => (JSON.parse(String(model)) as { id?: unknown }).id)))
  if (ids.size > 1) throw new InputError(`there are the models of ${[...ids].join(', ')} in it: give the lines of one`)
  return models.at(-1)?.line
}

function tried<T> (read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function refuse (text: string, error: unknown): never {
  const [problem] = parseDocument(text, { schema: 'json' }).errors
  const at = problem?.linePos?.[0]
  const place = at === undefined ? '' : `, line ${at.line}, column ${at.col}`
  throw new InputError(`the document is not JSON${place}: ${error instanceof Error ? error.message : String(error)}`)
}

function isDeeperThan (levels: number, value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; depth <= levels; depth++) {
    level = level.flatMap(one => typeof one === 'object' && one !== null ? Object.values(one) : [])
    if (level.length === 0) return false
  }
  return true
}
