/** The facade under other versions of Node, in one run. */
import { execFileSync } from 'node:child_process'
import type { Options } from './options.js'
import { measureRates, ratesTable } from './rates.js'
import { BenchError } from './machine.js'
import type { Section } from './report.js'
import { say, type Stand } from './stand.js'
import { createKey, startFacade, type Peer, type Place } from './start.js'

/** Measures the facade under this node and others, beside nginx with auth_request; one that cannot load the facade is said and left out. */
export async function measureNodes (stand: Stand, options: Options, caption: string): Promise<Section> {
  const starts = new Map<string, (place: Place) => Promise<Peer>>()
  const failed: string[] = []
  for (const node of [process.execPath, ...options.nodes]) {
    const version = versionOf(node)
    const problem = whyNot(stand, node)
    if (problem === undefined) starts.set(`facade, Node ${version}`, async place => await startFacade(place, { node }))
    else failed.push(`Node ${version} does not run the facade: ${problem}`)
  }
  for (const line of failed) say(line)
  const [own] = starts.keys()
  if (own === undefined) throw new BenchError('No node runs the facade.')
  const rates = await measureRates(stand, ['nginx-auth_request', ...starts.keys()], options, starts)
  const compared = ratesTable(rates, [['nginx-auth_request', 'x auth_request'], [own, `x ${own}`]])
  return { name: 'node', markdown: `${compared}\nProcessor time and its ratios as above; nginx asks an auth service under Node ${process.version} in all rows. ${[...failed, caption].join(' ')}\n` }
}

function versionOf (node: string): string {
  try {
    return execFileSync(node, ['--version'], { encoding: 'utf8', timeout: 10_000 }).trim()
  } catch (error) {
    throw new BenchError(`${node} is no program node: ${(error as Error).message.split('\n')[0]}`)
  }
}

/** Makes a key, which needs the native module of the key store. */
function whyNot ({ dataDir }: Stand, node: string): string | undefined {
  try {
    createKey(dataDir, node)
    return undefined
  } catch (error) {
    return (error as Error).message.split('\n').find(line => /error/i.test(line)) ?? (error as Error).message
  }
}
