/** Internet addresses and CIDR ranges as texts of bits, so that a range is a prefix like any other pattern. */

/** `4` or `6`, then the address bit by bit; undefined for what is no address. */
export function addressBits (text: string): string | undefined {
  if (text.includes(':')) return sixBits(text)
  const four = fourBits(text)
  return four === undefined ? undefined : '4' + four
}

/** The bits that all addresses of a range begin with; an address without a length is a range of one. Undefined for what is no range. */
export function rangeBits (text: string): string | undefined {
  const [address = '', length, ...rest] = text.split('/')
  const bits = addressBits(address)
  if (bits === undefined || rest.length > 0) return undefined
  if (length === undefined) return bits
  if (!/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > bits.length - 1) return undefined
  return bits.slice(0, 1 + Number(length))
}

/** The address in its usual spelling. */
export function addressText (bits: string): string {
  const part = bits[0] === '4' ? 8 : 16
  const numbers: number[] = []
  for (let at = 1; at < bits.length; at += part) numbers.push(parseInt(bits.slice(at, at + part), 2))
  return part === 8 ? numbers.join('.') : shortened(numbers.map(number => number.toString(16)))
}

function fourBits (text: string): string | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every(part => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined
  return parts.map(part => Number(part).toString(2).padStart(8, '0')).join('')
}

function sixBits (text: string): string | undefined {
  const halves = text.split('::')
  const head = groups(halves[0] ?? '')
  const tail = halves[1] === undefined ? undefined : groups(halves[1])
  if (halves.length > 2 || head === undefined || (halves.length === 2 && tail === undefined)) return undefined
  const zeros = 128 - head.length - (tail?.length ?? 0)
  if (tail === undefined ? zeros !== 0 : zeros < 16) return undefined
  return '6' + head + '0'.repeat(zeros) + (tail ?? '')
}

/** The bits of colon-separated groups, the last of which may be an IPv4 address. */
function groups (text: string): string | undefined {
  if (text === '') return ''
  const parts = text.split(':')
  const bits = parts.map((part, at) => {
    if (at === parts.length - 1 && part.includes('.')) return fourBits(part)
    return /^[0-9a-f]{1,4}$/i.test(part) ? parseInt(part, 16).toString(2).padStart(16, '0') : undefined
  })
  return bits.includes(undefined) ? undefined : bits.join('')
}

function shortened (groups: readonly string[]): string {
  const runs = [...groups.join(':').matchAll(/\b0(:0)+\b/g)].sort((one, other) => other[0].length - one[0].length)
  const longest = runs[0]
  if (longest === undefined) return groups.join(':')
  const text = groups.join(':')
  return text.slice(0, longest.index).replace(/:$/, '') + '::' + text.slice(longest.index + longest[0].length).replace(/^:/, '')
}
