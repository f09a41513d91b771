/** `source-ip`: the address of who is connected to the load balancer, by CIDR ranges. */
import { canonical, complain, textOf } from '../cursor.js'
import { addressBits, rangeBits } from '../solver/address.js'
import { everything } from '../solver/pattern.js'
import { valuesKind, type Values } from './values.js'

export type SourceIp = Values<'source-ip'>

export const sourceIp = valuesKind({
  kind: 'source-ip',
  config: 'SourceIpConfig',
  block: 'source_ip',
  regex: false,
  wildcards: false,
  part: 'source',
  glob: value => (rangeBits(value) ?? '') + everything,
  partOf: request => request.sourceIp === undefined ? undefined : addressBits(request.sourceIp) ?? '',
  seen: request => request.sourceIp ?? 'unknown',
  check (value) {
    if (rangeBits(textOf(value)) !== undefined) return
    complain(value, `${canonical(value.value)} is not a CIDR range, such as 10.0.0.0/8 or 2001:db8::/32`)
  }
})
