/** Registered models, their versions, and webhooks about them. Prompts are registered models with the tag `mlflow.prompt.is_prompt`. */
import type { Texts } from '../texts.js'

export const registry: Texts = {
  getRegisteredModel: ['Get a registered model', 'With its tags and aliases, and the newest version of each stage.'],
  searchRegisteredModels: ['Search registered models', 'By a condition on name and tags; in pages. Prompts are left out unless the condition asks for them.'],
  getLatestVersions: ['Get the newest version of each stage', 'Aliases have replaced stages: see `getModelVersionByAlias`.', 'deprecated'],
  getLatestVersionsGet: ['Get the newest version of each stage by a query', 'The same as the POST. Aliases have replaced stages: see `getModelVersionByAlias`.', 'deprecated'],
  getModelVersionByAlias: ['Get the version that an alias points at', 'Such as the `champion` of a model.'],
  createRegisteredModel: ['Register a model', 'Makes the name, without any version. A prompt is registered in the same way, with the tag `mlflow.prompt.is_prompt`.'],
  renameRegisteredModel: ['Rename a registered model', 'With all its versions. The old name is free then.'],
  updateRegisteredModel: ['Change the description of a registered model', 'Replaces the description.'],
  deleteRegisteredModel: ['Delete a registered model', 'For good, with all its versions. Their files stay where they are.'],
  setRegisteredModelTag: ['Set a tag of a registered model', 'A value that is there is replaced.'],
  deleteRegisteredModelTag: ['Delete a tag of a registered model', 'It is no error when there is none.'],
  setRegisteredModelAlias: ['Point an alias at a version', 'An alias that is there is moved: this is how a new version goes live.'],
  deleteRegisteredModelAlias: ['Delete an alias', 'The version stays.'],
  getModelVersion: ['Get a model version', 'By name and number.'],
  searchModelVersions: ['Search model versions', 'By a condition on name, run, source and tags; in pages.'],
  getModelVersionDownloadUri: ['Get where the files of a version are', 'A URI that MLflow\'s client can download from.'],
  createModelVersion: ['Register a version of a model', 'The next number, for files that are uploaded already: of a logged model or of a run.'],
  updateModelVersion: ['Change the description of a model version', 'Replaces the description.'],
  transitionModelVersionStage: ['Move a version to a stage', 'Aliases have replaced stages: see `setRegisteredModelAlias`.', 'deprecated'],
  deleteModelVersion: ['Delete a model version', 'For good. Its number is not used again; its files stay where they are.'],
  setModelVersionTag: ['Set a tag of a model version', 'A value that is there is replaced.'],
  deleteModelVersionTag: ['Delete a tag of a model version', 'It is no error when there is none.'],
  createWebhook: ['Create a webhook', 'MLflow calls the URL on each of the events named. The secret signs the calls and is never given out.'],
  listWebhooks: ['List webhooks', 'In pages.'],
  getWebhook: ['Get a webhook', 'Without its secret.'],
  updateWebhook: ['Change a webhook', 'What is left out stays as it is.'],
  deleteWebhook: ['Delete a webhook', 'It is called no more.'],
  testWebhook: ['Call a webhook with an example', 'Of the event named, or of the webhook\'s first. Tells what the receiver answered.']
}
