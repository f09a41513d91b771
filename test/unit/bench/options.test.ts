/** The command line of the benchmark: what it takes, what it refuses, and what it says that produced a figure. */
import t from 'tap'
import { UsageError } from '../../../bench/machine.js'
import { commandOf, readOptions } from '../../../bench/options.js'
import { peerNames } from '../../../bench/peers.js'

const read = (line: string) => readOptions(line === '' ? [] : line.split(' '))

function errorOf (line: string): unknown {
  try {
    read(line)
    return undefined
  } catch (error) {
    return error
  }
}

t.test('without a part, every peer is measured', async t => {
  t.match(read(''), { part: 'rates', seconds: 5, rounds: 5, warmUpSeconds: 2, calls: 'get', check: false, markdown: [] })
  t.same(read('')?.names, peerNames)
})

t.test('a part and its options', async t => {
  t.match(read('--pace --seconds 9'), { part: 'pace', seconds: 9, rounds: 3 })
  t.match(read('--growth'), { part: 'growth', rounds: 5, keys: [10, 1_000_000], names: ['facade', 'http-proxy', 'nginx-auth_request'] })
  t.match(read('--growth --keys 10,500 --only facade --check'), { part: 'growth', keys: [10, 500], names: ['facade'], check: true })
  t.match(read('--large --check --rounds 1'), { part: 'large', check: true, rounds: 1, names: ['facade', 'http-proxy', 'nginx-auth_request'] })
  t.match(read('--node /a --node /b --calls mix'), { part: 'node', nodes: ['/a', '/b'], calls: 'mix' })
  t.same(read('--only nginx-key-map,facade')?.names, ['facade', 'nginx-key-map'], 'in the order of the report')
  t.equal(read('--help'), undefined)
})

t.test('wrong use is one sentence', async t => {
  for (const [line, sentence] of [
    ['--profile --pace', 'One part at a time, not --profile and --pace.'],
    ['--rounds 0', '--rounds is a whole number from 1 to 9999, not "0".'],
    ['--seconds 1.5', '--seconds is a whole number from 1 to 9999, not "1.5".'],
    ['--warm-up 1e3', '--warm-up is a whole number from 1 to 9999, not "1e3".'],
    ['--only squid', 'There is no peer "squid".'],
    ['--pace --only facade', '--only means nothing with --pace.'],
    ['--calls put', '--calls is one of get, post, mix, not "put".'],
    ['--large --calls get', '--calls means nothing with --large.'],
    ['--real --check', '--check means nothing with --real.'],
    ['--growth --check --only http-proxy', '--check needs facade.'],
    ['--idle --growth', 'One part at a time, not --idle and --growth.'],
    ['--idle --keys 10', '--keys means nothing with --idle.'],
    ['--growth --keys 9,100', '--keys is a list of growing whole numbers from 10 to 10000000, not "9,100".'],
    ['--growth --keys 100,10', '--keys is a list of growing whole numbers from 10 to 10000000, not "100,10".'],
    ['--growth --keys 10,', '--keys is a list of growing whole numbers from 10 to 10000000, not "10,".'],
    ['--check --only facade,http-proxy', '--check needs nginx-auth_request.']
  ] as const) t.throws(() => read(line), new UsageError(sentence), line)
  for (const line of ['--fast', 'facade', '--node', '--check=yes']) t.equal((errorOf(line) as Error | undefined)?.constructor, UsageError, line)
})

t.test('a figure names its command, without documents and without paths of one machine', async t => {
  t.equal(commandOf([]), 'npm run bench')
  t.equal(commandOf(['--pace', '--markdown', 'docs/performance.md', '--rounds', '2']), 'npm run bench -- --pace --rounds 2')
  t.equal(commandOf(['--markdown=README.md']), 'npm run bench')
  t.equal(commandOf(['--node', '/home/x/node', '--node=/y']), 'npm run bench -- --node PATH --node PATH')
})
