/** `http-request-method`: the method, letter by letter; wildcards are none here. */
import { literal } from '../solver/pattern.js'
import { valuesKind, type Values } from './values.js'

export type HttpRequestMethod = Values<'http-request-method'>

export const httpRequestMethod = valuesKind({
  kind: 'http-request-method',
  config: 'HttpRequestMethodConfig',
  block: 'http_request_method',
  regex: false,
  wildcards: false,
  part: 'method',
  glob: literal,
  partOf: ({ method }) => method,
  seen: ({ method }) => method
})
