/** The log's promises: no line is lost or cut, and none waits for long. */
import { execFileSync, spawnSync } from 'node:child_process'
import { constants, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { openLog } from '../../src/core/telemetry/log.js'

const lines = (file: string): Array<Record<string, unknown>> => readFileSync(file, 'utf8').split('\n').slice(0, -1).map(line => JSON.parse(line) as Record<string, unknown>)

t.test('every line comes out whole and in its order, however many and long they are', async t => {
  const file = join(t.testdir(), 'log')
  const { log } = openLog({ logLevel: 'info' }, openSync(file, 'w'))
  const sizes = Array.from({ length: 3000 }, (_, index) => index % 100 === 0 ? 40_000 : index % 700)
  for (const [index, size] of sizes.entries()) {
    log.info({ index, text: '…'.repeat(size) }, 'line')
    if (index % 500 === 0) await delay(1) // lets writes to the disk overlap with gathering
  }
  while (readFileSync(file, 'utf8').split('\n').length - 1 < sizes.length) await delay(5)
  const written = lines(file)
  t.same(written.map(({ index }) => index), [...sizes.keys()])
  t.same(written.map(({ text }) => (text as string).length), sizes)
  t.match(written[0], { level: 'info', time: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, msg: 'line' })
})

t.test('a single line does not wait for others', async t => {
  const file = join(t.testdir(), 'log')
  const { log } = openLog({ logLevel: 'info' }, openSync(file, 'w'))
  log.info({ lonely: true }, 'line')
  while (lines(file).length === 0) await delay(5)
  t.match(lines(file), [{ lonely: true, msg: 'line' }])
})

t.test('flush returns when all is written, and a fatal line is written at once', async t => {
  const file = join(t.testdir(), 'log')
  const { log, flush } = openLog({ logLevel: 'info' }, openSync(file, 'w'))
  log.info('one')
  flush()
  t.match(lines(file), [{ msg: 'one' }])
  log.fatal('two')
  t.match(lines(file), [{ msg: 'one' }, { level: 'fatal', msg: 'two' }])
})

t.test('what is below the level is not written', async t => {
  const file = join(t.testdir(), 'log')
  const { log, flush } = openLog({ logLevel: 'warn' }, openSync(file, 'w'))
  log.info('quiet')
  log.warn('loud')
  flush()
  t.match(lines(file), [{ level: 'warn', msg: 'loud' }])
  t.equal(lines(file).length, 1)
})

t.test('a process that ends without a word loses no line', async t => {
  for (const [way, end] of Object.entries({ 'by itself': '', 'by exit': 'process.exit()', 'by an error': 'throw new Error(\'broken\')' })) {
    const script = `import { openLog } from ${JSON.stringify(new URL('../../src/core/telemetry/log.js', import.meta.url).href)}; openLog({ logLevel: 'info' }).log.info('last'); ${end}`
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    t.match(stdout.split('\n').filter(line => line !== '').map(line => JSON.parse(line) as unknown), [{ msg: 'last' }], way)
    t.equal(stdout.split('\n').length, 2, way)
  }
})

t.test('of four processes that write to one pipe no line is torn, and none is lost', async t => {
  const file = join(t.testdir(), 'log')
  const module = new URL('../../src/core/telemetry/log.js', import.meta.url).href
  const count = 3000
  const script = `import { openLog } from ${JSON.stringify(module)}
    const { log } = openLog({ logLevel: 'info' }, 1, { worker: Number(process.argv[1]) })
    for (let index = 0; index < ${count}; index++) log.info({ index, text: 'ä'.repeat(index * 37 % 900) }, 'line')
    setTimeout(() => {}, 4000)` // a process that ends waits for no reader
  // The reader begins late, so that the pipe is full when the most is written.
  const shell = `for worker in 1 2 3 4; do "${process.execPath}" --input-type=module -e "$SCRIPT" $worker & done | (sleep 1; cat) > "${file}"`
  spawnSync('bash', ['-c', shell], { env: { ...process.env, SCRIPT: script } })
  const written = lines(file)
  for (const worker of [1, 2, 3, 4]) {
    const own = written.filter(line => line['worker'] === worker)
    t.same(own.map(({ index }) => index), Array.from({ length: count }, (_, index) => index))
    t.ok(own.every(({ index, text }) => (text as string).length === (index as number) * 37 % 900))
  }
  t.equal(written.length, 4 * count)
})

t.test('of lines that nobody reads 8 MiB are kept, the rest is dropped and counted, and whoever reads at last is told of the gap', async t => {
  const pipe = join(t.testdir(), 'pipe')
  execFileSync('mkfifo', [pipe])
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
  const { log, flush, dropped } = openLog({ logLevel: 'info' }, openSync(pipe, constants.O_WRONLY))
  const text = 'x'.repeat(10_000)
  for (let index = 0; index < 1200; index++) log.info({ index, text }, 'line')
  const lost = dropped()
  t.ok(lost > 350 && lost < 370, `${lost} lines`)
  const start = performance.now()
  flush()
  t.ok(performance.now() - start < 1000, 'a process that ends does not wait for a reader')
  let read = ''
  const bytes = Buffer.alloc(1024 * 1024)
  while (!/were dropped.*\n$/.test(read.slice(-300))) {
    try { read += bytes.toString('latin1', 0, readSync(reader, bytes)) } catch { await delay(5) } // EAGAIN: it is empty
  }
  const lines = read.split('\n').slice(0, -1).map(line => JSON.parse(line) as Record<string, unknown>)
  t.same(lines.slice(0, 1200 - lost).map(({ index }) => index), Array.from({ length: 1200 - lost }, (_, index) => index))
  t.match(lines[1200 - lost], { level: 'error', lines: lost, msg: /^log lines were dropped/ })
})

t.test('for people: one line, without what a terminal would obey; probes at debug only', async t => {
  const printed = (level: string): string[] => {
    const file = join(t.testdir(), 'log')
    const { log, flush } = openLog({ logLevel: level, logFormat: 'pretty' }, openSync(file, 'w'))
    log.info({ operation: 'facade_health', status: 503 }, 'request')
    log.warn({ user: 'a\n\u001b[2Jb', size: 3 }, 'something odd')
    flush()
    return readFileSync(file, 'utf8').trimEnd().split('\n')
  }
  const [line, ...more] = printed('info')
  t.match(line, /^\d\d:\d\d:\d\d warn {2}something odd {2}user="a\\n\\u001b\[2Jb" {2}size=3$/)
  t.equal(more.length, 0)
  t.match(printed('debug')[0], /request {2}operation=facade_health {2}status=503$/)
})
