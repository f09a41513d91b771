/** Description of `POST /admin/explain`. */
import { accessClasses } from '../../access/classes.js'
import { scopeNames } from '../../access/scopes.js'
import { reasons } from '../../core/reasons.js'
import { outcomes } from '../../explain/explanation.js'
import { targetMaxLength } from '../../explain/question.js'
import { closed, describe, json, nullable, string, type Schema } from '../describe.js'

const choice = (words: readonly string[]): Schema => ({ type: ['string', 'null'], enum: [...words, null] })
const texts = { type: 'array', items: string }
const integer = { type: 'integer' }

const key = {
  id: string,
  name: string,
  owner: string,
  scopes: { type: 'array', items: { ...string, enum: scopeNames } },
  suffices: { ...nullable({ type: 'boolean' }), description: 'Whether the scopes cover the class; `null`: it is not known.' },
  workspaces: texts,
  permissions: texts
}

export const explainSchema = describe({
  operationId: 'explain',
  summary: 'What would become of a request',
  description: 'Judges a request as if it had come, with the key whose id is given, and sends nothing to MLflow: which operation it is, what that needs and the key lacks, limits, workspace, and what MLflow would get. What is momentary (concurrent requests, transfers) does not count. A request of the facade\'s own endpoints is judged and not run. No call is counted.',
  scope: 'mlflow:admin',
  body: closed({
    method: { ...string, pattern: '^[A-Z]{1,20}$' },
    path: { ...string, minLength: 1, maxLength: targetMaxLength, description: 'As it would be sent, with its query; or the whole URL.' },
    key_id: { ...string, maxLength: 200, description: 'Id of the key that it would come with. Left out: it comes without one.' },
    headers: { type: 'object', maxProperties: 50, additionalProperties: { ...string, maxLength: 8192 }, description: 'Further headers. Credentials are none of them.' },
    body: { ...string, description: 'The body, as text.' },
    body_base64: { ...string, contentEncoding: 'base64', description: 'The body, in place of `body`.' }
  }, ['method', 'path']),
  response: {
    200: {
      description: 'What would become of it.',
      content: json(closed({
        outcome: { ...string, enum: outcomes, description: '`answered`: by an endpoint of the facade\'s own.' },
        status: { ...nullable(integer), description: 'Of a refusal or a redirect; `null`: MLflow or the endpoint decides.' },
        reason: { ...choice(Object.keys(reasons)), description: 'Of a refusal.' },
        message: { ...nullable(string), description: 'What the caller would read of a refusal.' },
        location: nullable(string),
        operation: nullable(string),
        class: choice(accessClasses),
        needs: { ...choice(scopeNames), description: 'The scope that the class asks for; `null`: no scope decides.' },
        key: { ...closed(key), type: ['object', 'null'] },
        limit: { ...closed({ per_hour: { type: 'number' }, remaining: integer, next_seconds: integer }), type: ['object', 'null'] },
        workspace: { ...nullable(string), description: 'The workspace that MLflow would be told.' },
        mlflow: { ...closed({ method: string, path: string, version: nullable(string) }), type: ['object', 'null'], description: 'What MLflow would get; `null`: nothing.' }
      }), {
        outcome: 'refused',
        status: 403,
        reason: 'scope',
        message: 'This operation needs the scope mlflow:write, which the API key does not have.',
        location: null,
        operation: 'deleteRun',
        class: 'write',
        needs: 'mlflow:write',
        key: { id: 'key_7KqZ2hVd0wB4nXcE', name: 'dashboard', owner: 'ann', scopes: ['mlflow:read'], suffices: false, workspaces: [], permissions: [] },
        limit: null,
        workspace: null,
        mlflow: null
      })
    }
  }
})
