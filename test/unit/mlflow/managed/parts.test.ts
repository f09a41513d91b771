/** The smaller parts of an MLflow of our own: its log and where it listens. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { chooseAddress } from '../../../../src/mlflow/managed/address.js'
import { openRotatingLog } from '../../../../src/mlflow/managed/rotating-log.js'

t.test('the log is bounded: two files, each no larger than the limit', async t => {
  const file = join(t.testdir(), 'mlflow.log')
  const log = openRotatingLog(file, 100)
  t.teardown(log.close)
  for (let line = 10; line < 40; line++) log.write(`line ${line}\n`)
  t.ok(readFileSync(file).length <= 100)
  t.ok(readFileSync(`${file}.1`).length <= 100)
  t.match(readFileSync(`${file}.1`, 'utf8') + readFileSync(file, 'utf8'), /line 30\n(line 3\d\n)*line 39\n$/)
})

t.test('the log goes on where it ended', async t => {
  const file = join(t.testdir(), 'mlflow.log')
  for (const text of ['one\n', 'two\n']) {
    const log = openRotatingLog(file)
    log.write(text)
    log.close()
  }
  t.equal(readFileSync(file, 'utf8'), 'one\ntwo\n')
})

t.test('a log that cannot be written stops nobody', async t => {
  const folder = t.testdir()
  const log = openRotatingLog(join(folder, 'missing', 'mlflow.log'))
  t.doesNotThrow(() => log.write('lost\n'))
  t.notOk(existsSync(join(folder, 'missing')))
})

t.test('where there are no unix sockets it listens on a free port of loopback', async t => {
  const { socketPath, url, args } = await chooseAddress(t.testdir(), 'win32')
  t.equal(socketPath, undefined)
  t.match(url.href, /^http:\/\/127\.0\.0\.1:\d+\/$/)
  t.strictSame(args.slice(0, 4), ['--host', '127.0.0.1', '--port', url.port])
  t.notMatch(args.join(' '), '--uds')
})

t.test('nothing that listens is not up', async t => {
  const { isUp } = await chooseAddress(t.testdir())
  t.equal(await isUp(), false)
})
