/** The words of the document: a summary and a description of every operation of MLflow. */
import type { Operation } from '../../../src/access/classes.js'
import { evaluation } from './texts/evaluation.js'
import { gateway } from './texts/gateway.js'
import { registry } from './texts/registry.js'
import { skills } from './texts/skills.js'
import { server } from './texts/server.js'
import { traces } from './texts/traces.js'
import { tracking } from './texts/tracking.js'

/** Summary and description; `deprecated` where MLflow says so or has something newer in its place. */
export type Texts = Readonly<Record<string, readonly [summary: string, description: string, deprecated?: 'deprecated']>>

const texts: Texts = { ...tracking, ...registry, ...traces, ...evaluation, ...skills, ...gateway, ...server }

/** @throws Error for an operation without words */
export function textOf ({ id }: Operation): { readonly summary: string, readonly description: string, readonly deprecated?: true } {
  const text = texts[id]
  if (text === undefined) throw new Error(`${id} has no text: write one in scripts/openapi/texts.`)
  const [summary, description, deprecated] = text
  return { summary, description, ...deprecated === undefined ? {} : { deprecated: true } }
}

/** Ids that have a text, so that a text without an operation is noticed. */
export const described: readonly string[] = Object.keys(texts)
