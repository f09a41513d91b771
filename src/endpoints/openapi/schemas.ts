/** What the endpoints of the document take and answer. */
import { versions } from '../../mlflow/versions.js'
import { closed, describe, json, string } from '../describe.js'

/** What `?mlflow=` can ask for. */
export const edition = {
  ...closed(
    {
      mlflow: {
        ...string,
        enum: ['all', ...versions],
        description: 'A known version of MLflow, or `all`. Left out: the one behind the facade.'
      }
    },
    []
  ),
  additionalProperties: true
}

const description = 'Of the MLflow behind the facade; with `mlflow=all` of every known version.'

const parts = {
  openapi: { ...string, pattern: '^3\\.1\\.' },
  info: { type: 'object' },
  paths: { type: 'object' },
  components: { type: 'object' }
}
const document = { ...closed(parts), additionalProperties: true }

export const jsonEdition = describe({
  operationId: 'getOpenapiJson',
  summary: 'This document as JSON',
  description,
  scope: 'public',
  querystring: edition,
  response: {
    200: { description: 'An OpenAPI 3.1 document.', content: json(document, { openapi: '3.1.1', info: {}, paths: {}, components: {} }) }
  }
})

export const yamlEdition = describe({
  operationId: 'getOpenapiYaml',
  summary: 'This document as YAML',
  description,
  scope: 'public',
  querystring: edition,
  response: { 200: { description: 'An OpenAPI 3.1 document.', content: { 'application/yaml': { schema: string } } } }
})
