/** Log lines for people at a terminal. They are made from the lines of JSON that files and pipes get, which so cost nothing more. */

const colours: Readonly<Record<string, number>> = { audit: 36, trace: 2, debug: 2, warn: 33, error: 31, fatal: 31 }

/** What health probes ask for, every few seconds for as long as the facade runs. */
const probes = 'facade_health'

interface Taste {
  readonly colour: boolean
  readonly showsProbes: boolean
}

/**
 * @param line of JSON, with its end
 * @returns the line for people; undefined: it is the answer to a probe, which is told at `debug` only
 */
export function prettyLine (line: string, { colour, showsProbes }: Taste): string | undefined {
  const { level, time, msg, ...fields } = record(JSON.parse(line) as Record<string, unknown>)
  if (msg === 'request' && fields['operation'] === probes && !showsProbes) return undefined
  const paint = (code: number | undefined, text: string): string => colour && code !== undefined ? `\u001b[${code}m${text}\u001b[0m` : text
  const clock = typeof time === 'string' ? time.slice(11, 19) : ''
  const told = Object.entries(fields).map(([name, value]) => paint(2, `${name}=${shown(value)}`))
  return `${clock} ${paint(colours[String(level)], `${String(level).padEnd(5)} ${shown(msg)}`)}${told.map(text => `  ${text}`).join('')}\n`
}

/** An audit event in the words of the log. */
function record ({ type, ...fields }: Record<string, unknown>): Record<string, unknown> {
  if (type !== 'audit') return type === undefined ? fields : { ...fields, type }
  const { operation, seq, source, ...rest } = fields
  return { level: type, msg: operation, ...rest }
}

/** Texts without what a terminal would obey, or a line that is none of ours. */
function shown (value: unknown): string {
  return typeof value === 'string' && !/\p{C}/u.test(value) ? value : JSON.stringify(value)
}
