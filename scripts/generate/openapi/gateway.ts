/** The LLM gateway's routes: what MLflow itself reads of a body is described, the rest is the provider's. */
import { closed, json, list, nullable, open, ref, string, integer, type Response, type Schema, type Schemas, type Shape } from './schema.js'

const text = { type: 'string' }
const name: Schema = { type: 'string', description: 'Name of a gateway endpoint.' }
const stream: Schema = { type: 'boolean', description: 'Answer as server-sent events.' }
const anything: Schema = { type: 'object', additionalProperties: true }

export const gatewayRoutes: Readonly<Record<string, Shape>> = {
  gatewayListModels: { parameters: [], responses: { 200: { description: 'Done.', content: json(ref('GatewayModels')) } } },
  gatewayInvocations: calls({ messages: list(anything), input: {}, stream }, [], 'The answer: of a chat where `messages` were sent, else of an embedding.', { anyOf: [ref('ChatCompletion'), ref('Embeddings')] }),
  gatewayChatCompletions: calls({ model: name, messages: list(anything), stream }, ['model', 'messages'], 'The completion, in OpenAI\'s form.', ref('ChatCompletion')),
  openaiPassthroughChat: calls({ model: name, messages: list(anything), stream }, ['model', 'messages'], 'OpenAI\'s answer as it came.'),
  openaiPassthroughEmbeddings: calls({ model: name, input: {} }, ['model', 'input'], 'OpenAI\'s answer as it came.'),
  openaiPassthroughResponses: calls({ model: name, input: {}, stream }, ['model', 'input'], 'OpenAI\'s answer as it came.'),
  openaiPassthroughResponsesCompact: calls({ model: name, input: {} }, ['model'], 'OpenAI\'s answer as it came.'),
  typesafePassthroughSystemOne: calls({ model: name }, ['model'], 'The provider\'s answer as it came.'),
  anthropicPassthroughMessages: calls({ model: name, messages: list(anything), max_tokens: { type: 'integer' }, stream }, ['model', 'messages'], 'Anthropic\'s answer as it came.'),
  geminiPassthroughGenerateContent: calls({ contents: list(anything) }, ['contents'], 'Gemini\'s answer as it came.'),
  geminiPassthroughStreamGenerateContent: { ...calls({ contents: list(anything) }, ['contents'], ''), responses: { 200: events('Gemini\'s answer, piece by piece.') } },
  gatewayRawProxy: calls({}, [], 'The provider\'s answer as it came.'),
  serveGatewayProxy: {
    parameters: [],
    body: { required: true, content: json(open({ gateway_path: text, json_data: anything }, ['gateway_path'])) },
    responses: { 200: { description: 'What the deployments server answered; an empty list of endpoints where there is none.', content: json(anything) } }
  },
  serveGatewayProxyGet: {
    parameters: [{ name: 'gateway_path', in: 'query', required: true, description: 'Path on the deployments server: `api/2.0/endpoints/`.', schema: string }],
    responses: { 200: { description: 'What the deployments server answered; an empty list of endpoints where there is none.', content: json(anything) } }
  }
}

export const gatewaySchemas: Schemas = {
  ChatCompletion: {
    ...open({
      id: nullable(string),
      object: { type: 'string', const: 'chat.completion' },
      created: integer,
      model: string,
      choices: list({ type: 'object', properties: { index: { type: 'integer' }, message: anything, finish_reason: nullable(string) }, required: ['index', 'message', 'finish_reason'], additionalProperties: true }),
      usage: { type: ['object', 'null'], additionalProperties: true },
      provider: nullable(string)
    }, ['object', 'created', 'model', 'choices']),
    description: 'A completion as OpenAI writes it, whatever the provider.'
  },
  Embeddings: {
    ...open({
      object: { type: 'string', const: 'list' },
      data: list({ type: 'object', properties: { object: { type: 'string', const: 'embedding' }, embedding: { anyOf: [list({ type: 'number' }), string] }, index: nullable({ type: 'integer' }) }, required: ['object', 'embedding'], additionalProperties: true }),
      model: string,
      usage: { type: ['object', 'null'], additionalProperties: true }
    }, ['object', 'data', 'model']),
    description: 'Embeddings as OpenAI writes them, whatever the provider.'
  },
  GatewayModels: closed({
    object: { type: 'string', const: 'list' },
    data: list(closed({ id: { type: 'string', description: 'Name of the gateway endpoint: what `model` is to be in a call.' }, object: { type: 'string', const: 'model' }, created: integer, owned_by: nullable(string) }))
  })
}

function calls (properties: Readonly<Record<string, Schema>>, required: readonly string[], answer: string, form: Schema = anything): Shape {
  return {
    parameters: [],
    body: { required: true, content: json(open(properties, required)) },
    responses: { 200: { ...events(answer), content: { ...json(form), ...events(answer).content } } }
  }
}

function events (description: string): Response {
  return { description, content: { 'text/event-stream': { schema: { type: 'string' } } } }
}
