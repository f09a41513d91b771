/** The settings POLICY_…: where what callers register may lead. */
import type { SettingReader } from './setting-reader.js'
import type { Name } from './settings.js'
import { uriRules, type UriRules } from './uri-rules.js'

/** What the places of each kind must fit; undefined: MLflow decides. */
export interface PlacePolicy {
  readonly modelSources: UriRules | undefined
  readonly artifactLocations: UriRules | undefined
  readonly webhookUrls: UriRules | undefined
}

/** What clients send to the built-in MLflow, whose artifacts all lie behind its own proxy; its user may write anywhere in DATA_DIR. */
export const builtIn = { POLICY_MODEL_SOURCES: 'mlflow-artifacts:,runs:,models:', POLICY_ARTIFACT_LOCATIONS: 'mlflow-artifacts:' } as const

export function policyFrom ({ text, value }: SettingReader, isBuiltIn: boolean): PlacePolicy {
  const rules = (name: Name): UriRules | undefined => value(name, uriRules) ?? undefined
  const orOwn = (name: keyof typeof builtIn): UriRules | undefined => {
    return isBuiltIn && text(name) === undefined ? uriRules(builtIn[name]) ?? undefined : rules(name)
  }
  return { modelSources: orOwn('POLICY_MODEL_SOURCES'), artifactLocations: orOwn('POLICY_ARTIFACT_LOCATIONS'), webhookUrls: rules('POLICY_WEBHOOK_URLS') }
}
