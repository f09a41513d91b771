/** What the command line of `npm run bench` says. */
import { parseArgs } from 'node:util'
import { kindsOfCalls, type Calls } from './load.js'
import { UsageError } from './machine.js'
import { peerNames } from './peers.js'

/** What one run measures. */
export const parts = ['rates', 'profile', 'pace', 'idle', 'growth', 'large', 'real', 'node', 'workers'] as const
export type Part = typeof parts[number]

export interface Options {
  readonly part: Part
  readonly seconds: number
  readonly rounds: number
  readonly warmUpSeconds: number
  readonly names: readonly string[]
  readonly calls: Calls
  readonly check: boolean
  /** How many are in a store, the fewest first. */
  readonly keys: readonly number[]
  /** Other programs `node` that run the facade. */
  readonly nodes: readonly string[]
  /** Documents whose sections are written anew. */
  readonly markdown: readonly string[]
}

export const usage = `Usage: npm run bench -- [PART] [OPTIONS]

Measures the facade beside its peers on this machine, in one run, and prints Markdown. Without a part: processor time a request, of
${peerNames.join(', ')}.

Parts, one at a time:
  --profile         where the facade's time goes, by stage; leaves a V8 CPU profile
  --pace            latency at a fixed rate (open loop), at 80 % of the peak of nginx auth_request and of the facade
  --idle            memory and processor time with 10, 1,000 and 10,000 idle connections
  --growth          processor time with 10 and with 1,000,000 keys in SQLite and in PostgreSQL; and --idle
  --large           1 GiB down and up: processor time and memory
  --real            a real MLflow, through the facade and directly
  --workers         the facade with one worker and with two, on all cores
  --node PATH       the facade with another node beside this one; may be given several times

Options:
  --seconds N       length of a measurement (5)
  --rounds N        how often each is measured, in turns (5; 3 with --large, --idle and --pace)
  --warm-up N       seconds of load before a measurement (2)
  --only A,B        these peers only (without a part, and with --idle, --growth and --large)
  --keys N,N        how many keys are in the stores of --growth, the fewest first (10,1000000)
  --calls KIND      get, post (a batch of 20 metrics), or mix (7 to 3) (get)
  --check           exit 1 when the facade is below a stated bound (without a part, and with --large and --growth)
  --markdown FILE   also write the result into its section of FILE; may be given several times
`

const keysMax = 10_000_000

/** What `--check` compares. */
export const checkedPeers: readonly string[] = ['facade', 'http-proxy', 'nginx-auth_request']
const bodyPeers = checkedPeers
/** Parts that measure several peers. */
const manyPeers: ReadonlySet<Part> = new Set(['rates', 'large', 'idle', 'growth'])

/**
 * @returns undefined: only help is wanted
 * @throws UsageError
 */
export function readOptions (argv: readonly string[]): Options | undefined {
  const values = parse(argv)
  if (values.help === true) return undefined
  const part = partOf(values)
  const few = part === 'large' || part === 'idle' || part === 'pace'
  const names = namesOf(part, values.only)
  if (values.keys !== undefined && part !== 'growth') throw new UsageError(`--keys means nothing with --${part}.`)
  const calls = kindsOfCalls.find(kind => kind === (values.calls ?? 'get'))
  if (calls === undefined) throw new UsageError(`--calls is one of ${kindsOfCalls.join(', ')}, not "${values.calls}".`)
  if (values.calls !== undefined && !['rates', 'profile', 'node', 'workers'].includes(part)) throw new UsageError(`--calls means nothing with --${part}.`)
  if (values.check === true) checkable(part, names)
  return {
    part,
    seconds: count('seconds', values.seconds ?? '5'),
    rounds: count('rounds', values.rounds ?? (few ? '3' : '5')),
    warmUpSeconds: count('warm-up', values['warm-up'] ?? '2'),
    names,
    calls,
    check: values.check === true,
    keys: sizes(values.keys ?? '10,1000000'),
    nodes: values.node ?? [],
    markdown: values.markdown ?? []
  }
}

/** What produced a figure, as one may type it again: without the documents that it was written to, and without paths of one machine. */
export function commandOf (argv: readonly string[]): string {
  const words: string[] = []
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at] ?? ''
    const option = /^--(?:markdown|node)(?==|$)/.exec(word)?.[0]
    if (option === word) at++ // its value comes next
    if (option === '--node') words.push('--node PATH')
    if (option === undefined) words.push(word)
  }
  return ['npm run bench', ...words.length === 0 ? [] : ['--', ...words]].join(' ')
}

type Values = ReturnType<typeof parse>

function parse (argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        profile: { type: 'boolean' },
        pace: { type: 'boolean' },
        idle: { type: 'boolean' },
        growth: { type: 'boolean' },
        large: { type: 'boolean' },
        real: { type: 'boolean' },
        workers: { type: 'boolean' },
        node: { type: 'string', multiple: true },
        seconds: { type: 'string' },
        rounds: { type: 'string' },
        'warm-up': { type: 'string' },
        only: { type: 'string' },
        keys: { type: 'string' },
        calls: { type: 'string' },
        check: { type: 'boolean' },
        markdown: { type: 'string', multiple: true },
        help: { type: 'boolean' }
      }
    }).values
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function partOf (values: Values): Part {
  const wanted = parts.filter(part => part !== 'rates' && values[part] !== undefined)
  if (wanted.length > 1) throw new UsageError(`One part at a time, not --${wanted.join(' and --')}.`)
  return wanted[0] ?? 'rates'
}

function namesOf (part: Part, only: string | undefined): readonly string[] {
  if (only === undefined) return part === 'rates' || !manyPeers.has(part) ? peerNames : bodyPeers
  if (!manyPeers.has(part)) throw new UsageError(`--only means nothing with --${part}.`)
  const wanted = only.split(',')
  const unknown = wanted.find(name => !peerNames.includes(name))
  if (unknown !== undefined) throw new UsageError(`There is no peer "${unknown}".`)
  return peerNames.filter(name => wanted.includes(name))
}

function checkable (part: Part, names: readonly string[]): void {
  if (part !== 'rates' && part !== 'large' && part !== 'growth') throw new UsageError(`--check means nothing with --${part}.`)
  const lacking = (part === 'growth' ? ['facade'] : checkedPeers).filter(name => !names.includes(name))
  if (lacking.length > 0) throw new UsageError(`--check needs ${lacking.join(' and ')}.`)
}

/** Of stores, in which ten keys at least have to be. */
function sizes (text: string): readonly number[] {
  const numbers = text.split(',').map(Number)
  const grows = numbers.every((number, at) => Number.isInteger(number) && number > (numbers[at - 1] ?? 9) && number <= keysMax)
  if (!grows) throw new UsageError(`--keys is a list of growing whole numbers from 10 to ${keysMax}, not "${text}".`)
  return numbers
}

function count (name: string, text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new UsageError(`--${name} is a whole number from 1 to 9999, not "${text}".`)
  return Number(text)
}
