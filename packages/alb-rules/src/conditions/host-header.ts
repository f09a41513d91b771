/** `host-header`: the host that is asked for, compared without case. */
import { compile, fold } from '../solver/pattern.js'
import { strangerIn, valuesKind, type Values } from './values.js'

export type HostHeader = Values<'host-header'>

export const hostHeader = valuesKind({
  kind: 'host-header',
  config: 'HostHeaderConfig',
  block: 'host_header',
  regex: true,
  isFolded: true,
  wildcards: true,
  part: 'host',
  glob: value => compile(fold(value)),
  partOf: ({ host }) => fold(host),
  seen: ({ host }) => host,
  refusal: value => strangerIn(value, /[a-z\d.*?-]/i) ?? (/[.*]/.test(value) ? undefined : 'a host must contain a dot')
})
