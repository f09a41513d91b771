/**
 * The one file that knows @fastify/reply-from. It sends a request and gives Fastify the answer; what it would do besides
 * (choose a target, copy headers, pipe streams, try again) is done by the exchange, exactly and without another copy. So
 * it gets an upstream of ours in place of its own, a path and a base that nobody reads, and the exchange in a symbol
 * beside the headers, which is all that it hands on untouched.
 */
import replyFrom from '@fastify/reply-from'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Done, Exchange } from './exchange.js'

const kExchange = Symbol('exchange')

interface Options {
  readonly send: (exchange: Exchange) => void
  /** There is an answer, which the exchange writes itself. */
  readonly onAnswer: (request: FastifyRequest, reply: FastifyReply) => void
  readonly onFault: (reply: FastifyReply, error: Error) => void
}

/** @returns the function that sends an exchange by way of its reply */
export async function openReplyFrom (app: FastifyInstance, { send, onAnswer, onFault }: Options): Promise<(exchange: Exchange) => void> {
  await app.register(replyFrom, {
    base: 'http://mlflow.invalid',
    undici: {
      request ({ headers }: { headers: { [kExchange]: Exchange } }, done: Done) {
        headers[kExchange].done = done
        send(headers[kExchange])
      }
    } as never, // it takes whatever can `request`; the types know undici's own
    disableRequestLogging: true,
    retryMethods: []
  })
  const hooks = {
    // Copied with its symbols
    rewriteRequestHeaders: ({ transfer }: { readonly transfer?: unknown }) => ({ [kExchange]: transfer }) as never,
    onResponse: (request: unknown, reply: unknown) => onAnswer(request as FastifyRequest, reply as FastifyReply),
    // It wraps what it does not know
    onError: (reply: unknown, { error }: { error: Error }) =>
      onFault(reply as FastifyReply, error.cause instanceof Error ? error.cause : error)
  }
  return ({ reply }) => { reply.from('/', hooks) }
}
