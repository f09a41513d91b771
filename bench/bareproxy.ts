/** Bare @fastify/http-proxy, as its documentation sets it up: no key, no classes, no log, no metrics. Arguments: port, upstream. */
import proxy from '@fastify/http-proxy'
import Fastify from 'fastify'

const [, , port, upstream = ''] = process.argv
const app = Fastify({ logger: false })
await app.register(proxy, { upstream, prefix: '/mlflow', rewritePrefix: '', undici: { connections: 128, pipelining: 1 } })
await app.listen({ port: Number(port), host: '127.0.0.1' })
