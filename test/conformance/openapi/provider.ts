/** Stands in for providers of language models and for a receiver of webhooks: answers in the form of each, nothing more. */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

export interface Provider {
  readonly url: string
  /** How often it was called. */
  readonly called: () => number
  readonly close: () => void
}

const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
const chat = { id: 'c1', object: 'chat.completion', created: 1_767_607_200, model: 'gpt-4o', choices: [{ index: 0, message: { role: 'assistant', content: 'Hello to you' }, finish_reason: 'stop' }], usage }
const piece = { id: 'c1', object: 'chat.completion.chunk', created: 1_767_607_200, model: 'gpt-4o', choices: [{ index: 0, delta: { role: 'assistant', content: 'Hello' }, finish_reason: null }] }

/** What is answered, by the end of the path. */
const answers: ReadonlyArray<readonly [RegExp, unknown]> = [
  [/\/chat\/completions$/, chat],
  [/\/embeddings$/, { object: 'list', data: [{ object: 'embedding', index: 0, embedding: [0.1, 0.2] }], model: 'small', usage }],
  [/\/responses(\/compact)?$/, { id: 'r1', object: 'response', created_at: 1_767_607_200, status: 'completed', model: 'gpt-4o', output: [], usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } }],
  [/\/messages$/, { id: 'm1', type: 'message', role: 'assistant', model: 'claude', content: [{ type: 'text', text: 'Hello' }], stop_reason: 'end_turn', stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } }],
  [/:(?:stream)?generateContent/i, { candidates: [{ content: { role: 'model', parts: [{ text: 'Hello' }] }, finishReason: 'STOP', index: 0 }], usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 } }],
  [/\/systemone$/, { answer: 'Hello' }],
  [/\/api\/2\.0\/endpoints\/$/, { endpoints: [] }]
]

interface Options {
  readonly tls?: { readonly key: string, readonly cert: string }
  /** Is told of every call: its path, and its headers as they came (name, value, name, value). */
  readonly heard?: (path: string, headers: readonly string[]) => void
}

export async function startProvider ({ tls, heard = () => {} }: Options = {}): Promise<Provider> {
  let calls = 0
  const answer: RequestListener = (request, response) => {
    calls++
    heard(request.url ?? '', request.rawHeaders)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => {
      const path = (request.url ?? '').split('?')[0] ?? ''
      const streams = path.endsWith(':streamGenerateContent') || Buffer.concat(chunks).includes('"stream": true') || Buffer.concat(chunks).includes('"stream":true')
      if (streams) {
        const event = path.endsWith(':streamGenerateContent') ? { candidates: [{ content: { role: 'model', parts: [{ text: 'Hello' }] } }] } : piece
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${JSON.stringify(event)}\n\ndata: [DONE]\n\n`)
        return
      }
      const body = answers.find(([pattern]) => pattern.test(path))?.[1] ?? { received: path }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
  }
  const server = tls === undefined ? createServer(answer) : createTlsServer(tls, answer)
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    called: () => calls,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}
