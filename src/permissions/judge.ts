/** Whether a key that is bound to names may touch what a request names. Ids are resolved by whoever asks; pure but for that. */
import type { NamedKind, Permissions, Verb } from '../access/permissions.js'
import { artifactPlace, liesAt, sourceOf, traceFiles } from './artifact.js'
import type { Kind } from './rules.js'

/** One thing that a request names. */
export interface Thing {
  readonly kind: Exclude<Kind, 'nothing'> | 'newModel' | 'newPrompt' | 'traceFiles'
  readonly value: string
  readonly verb: Verb
  /** The registered model that is what this one is to be: a model or a prompt. The trace whose files they are. */
  readonly as?: string
}

/** What belongs to an experiment. */
export type Owned = 'run' | 'trace' | 'loggedModel'

export interface FoundExperiment {
  readonly name: string
  readonly location: string
}

/** MLflow's own word; undefined: it says that there is no such thing. Rejects where MLflow cannot be asked. */
export interface Resolver {
  readonly experiment: (id: string) => Promise<FoundExperiment | undefined>
  /** The id of the experiment that one belongs to; an empty one where that cannot be told, so that it is not taken for new. */
  readonly experimentOf: (kind: Owned, id: string) => Promise<string | undefined>
  /** Whether a registered model is a prompt. */
  readonly isPrompt: (name: string) => Promise<boolean | undefined>
}

/** More of them in one request would be as many questions to MLflow. */
export const thingsMax = 200

/** How many questions are under way at once for one request. */
const atOnce = 4

/**
 * Judges what a request names.
 * @returns the first thing that is not covered; undefined: all are
 */
export async function firstRefused (permissions: Permissions, things: readonly Thing[], resolver: Resolver): Promise<Thing | undefined> {
  for (let from = 0; from < things.length; from += atOnce) {
    const part = things.slice(from, from + atOnce)
    const allowed = await Promise.all(part.map(thing => isAllowed(permissions, thing, resolver)))
    const refused = part[allowed.indexOf(false)]
    if (refused !== undefined) return refused
  }
  return undefined
}

async function isAllowed (permissions: Permissions, { kind, value, verb, as = value }: Thing, resolver: Resolver): Promise<boolean> {
  if (permissions.everything(verb)) return true
  const covers = (named: NamedKind, name: string): boolean => permissions.cover(verb, named, name)
  switch (kind) {
    case 'experimentName':
      return covers('experiments', value)
    case 'experiment':
      return await coversExperiment(value)
    case 'run': case 'trace': case 'loggedModel': {
      if (!permissions.speakOf(verb, 'experiments')) return false
      const id = await resolver.experimentOf(kind, value)
      return id !== undefined && await coversExperiment(id)
    }
    case 'newTrace': {
      const id = await resolver.experimentOf('trace', value)
      return id === undefined || await coversExperiment(id)
    }
    case 'registered':
      return await coversRegistered(permissions, verb, value, { isPrompt: async () => await resolver.isPrompt(as) })
    case 'prompt': case 'newPrompt':
      return covers('prompts', value)
    case 'newModel':
      return covers('models', value)
    case 'artifact':
      return await coversArtifact(value)
    case 'traceFiles': {
      const id = await resolver.experimentOf('trace', as)
      const found = id === undefined ? undefined : await resolver.experiment(id)
      return found !== undefined && covers('experiments', found.name) && value === traceFiles(found.location, as)
    }
    case 'source': {
      const source = sourceOf(value)
      if (source === undefined) return false
      return source.kind === 'none' || await isAllowed(permissions, { kind: source.kind, value: source.value, verb }, resolver)
    }
  }

  async function coversExperiment (id: string): Promise<boolean> {
    if (!permissions.speakOf(verb, 'experiments')) return false
    const found = await resolver.experiment(id)
    return found !== undefined && covers('experiments', found.name)
  }

  async function coversArtifact (path: string): Promise<boolean> {
    const place = artifactPlace(path)
    if (place === undefined || !permissions.speakOf(verb, 'experiments')) return false
    const found = await resolver.experiment(place.experimentId)
    return found !== undefined && covers('experiments', found.name) && liesAt(found.location, place.root)
  }
}

/** Whether a registered model is covered as what it is; MLflow is asked only where that matters. */
export async function coversRegistered (permissions: Permissions, verb: Verb, name: string, resolver: Pick<Resolver, 'isPrompt'>): Promise<boolean> {
  const asModel = permissions.cover(verb, 'models', name)
  const asPrompt = permissions.cover(verb, 'prompts', name)
  if (asModel === asPrompt) return asModel
  const isPrompt = await resolver.isPrompt(name)
  return isPrompt !== undefined && (isPrompt ? asPrompt : asModel)
}

const nouns: Readonly<Record<Thing['kind'], string>> = {
  experiment: 'experiment',
  experimentName: 'experiment',
  run: 'run',
  trace: 'trace',
  newTrace: 'trace',
  loggedModel: 'logged model',
  registered: 'registered model or prompt',
  prompt: 'prompt',
  newModel: 'registered model',
  newPrompt: 'prompt',
  artifact: 'artifact path',
  source: 'model version\'s source',
  traceFiles: 'location of a trace\'s files'
}

/** The sentence for a thing that is not covered: what was asked for, never what it belongs to, and nothing of whether it is there. */
export function refusalOf (permissions: Permissions, { kind, value, verb }: Thing): string {
  return `${boundTo(permissions)} It does not allow to ${verb} the ${nouns[kind]} ${quoted(value)}.`
}

/** For a request that cannot be judged. */
export function refusalFor (permissions: Permissions, why: string): string {
  return `${boundTo(permissions)} ${why}`
}

/** What the audit trail calls the thing: a word. */
export function fieldOf ({ kind }: Thing): string {
  return kind === 'artifact' ? 'path' : kind === 'traceFiles' ? 'value' : kind === 'source' ? 'source' : kind === 'registered' ? 'name' : nouns[kind].replaceAll(' ', '_')
}

function boundTo ({ texts }: Permissions): string {
  const shown = texts.slice(0, 5).join(', ')
  return `This API key is bound to ${shown}${texts.length > 5 ? ` and ${texts.length - 5} more` : ''}.`
}

function quoted (value: string): string {
  return JSON.stringify(value.length > 200 ? `${value.slice(0, 200)}…` : value)
}
