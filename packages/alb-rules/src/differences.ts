/** What of two rules differs that go by one name for their target. */
import type { Action, Rule, Step } from './model.js'

/** A few words for each part that differs, such as `login scope`; what the targets' names tell already is left out. */
export function differencesOf (one: Rule, other: Rule): readonly string[] {
  const steps = one.steps.flatMap((step, at) => stepDifferences(step, other.steps[at]))
  const isRewritten = textOf(one.transforms) !== textOf(other.transforms)
  return [...new Set([...steps, ...actionDifferences(one.action, other.action), ...isRewritten ? ['rewrite'] : []])]
}

/** What a login is told is an object in one spelling. */
function stepDifferences (one: Step, other: Step | undefined): readonly string[] {
  if (other === undefined || one.text === other.text) return []
  const [left, right] = [one, other].map(({ text }) => JSON.parse(text) as Readonly<Record<string, unknown>>)
  const names = Object.keys({ ...left, ...right }).filter(name => JSON.stringify(left?.[name]) !== JSON.stringify(right?.[name]))
  return names.map(name => `${one.isKnown ? 'login' : one.name} ${spaced(name)}`)
}

function actionDifferences (one: Action, other: Action): readonly string[] {
  if (one.kind === 'forward' && other.kind === 'forward') return one.stickiness === other.stickiness ? [] : ['stickiness']
  if (one.kind === 'fixed-response' && other.kind === 'fixed-response') {
    return [...one.body === other.body ? [] : ['body'], ...one.contentType === other.contentType ? [] : ['content type']]
  }
  return JSON.stringify(one) === JSON.stringify(other) ? [] : ['action']
}

function textOf (transforms: Rule['transforms']): string {
  return transforms.map(({ text }) => text).sort().join()
}

/** `SessionTimeout` as `session timeout`. */
function spaced (name: string): string {
  return name.replaceAll(/([a-z])([A-Z])/g, '$1 $2').toLowerCase()
}
