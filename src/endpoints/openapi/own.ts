/**
 * How @fastify/swagger gathers the endpoints of ours from the running app: the document takes them from there
 * (scripts/generate/openapi/build.ts).
 */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { version } from '../../core/version.js'

export const describeOwn: FastifyDynamicSwaggerOptions = {
  openapi: { openapi: '3.1.1', info: { title: 'hokusai-mlflow', version } },
  hideUntagged: true, // what is MLflow's comes from its own registries
  refResolver: { buildLocalReference: ({ $id }, _baseUri, _fragment, index) => typeof $id === 'string' ? $id : `def-${index}` }
}
