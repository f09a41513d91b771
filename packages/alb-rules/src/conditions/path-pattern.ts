/** `path-pattern`: the path as it is sent, compared with case; the query is no part of it. */
import { compile } from '../solver/pattern.js'
import { strangerIn, valuesKind, type Values } from './values.js'

export type PathPattern = Values<'path-pattern'>

export const pathPattern = valuesKind({
  kind: 'path-pattern',
  config: 'PathPatternConfig',
  block: 'path_pattern',
  regex: true,
  wildcards: true,
  part: 'path',
  glob: value => compile(value),
  partOf: ({ path, isPathOpen }) => isPathOpen === true ? undefined : path,
  always: value => /^\/?\*+$/.test(value),
  seen: ({ path }) => path,
  refusal: value => strangerIn(value, /[a-z\d_.$/~"'@:+&*?-]/i)
})
