/** `routes`: what each command prints, by which code it ends, and what it says to wrong usage. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import t from 'tap'
import { UsageError } from '../../../src/cli/command.js'
import { routes } from '../../../src/cli/routes.js'
import { connect } from '../../helpers/client.js'
import { freePort } from '../../../scripts/mlflow/ports.js'

const before = 'deploy/alb/before.json'
const after = 'deploy/alb/after.json'

async function run (argv: readonly string[], { tty = false, env = {} }: { tty?: boolean, env?: Record<string, string> } = {}): Promise<{ code: number, out: string, err: string }> {
  let [out, err] = ['', '']
  const code = await routes.run([...argv], { stdout: { write: text => { out += text }, isTTY: tty }, stderr: { write: text => { err += text } }, env })
  return { code, out, err }
}

const forward = (name: string): object[] => [{ Type: 'forward', TargetGroupArn: name }]
const rule = (priority: string, conditions: object[], actions: object[]): object => ({ Priority: priority, Conditions: conditions, Actions: actions })
const path = (...values: string[]): object => ({ Field: 'path-pattern', Values: values })
const nothing = rule('default', [], [{ Type: 'fixed-response', FixedResponseConfig: { StatusCode: '404', MessageBody: 'nothing here' } }])

t.test('check: severities decide the exit code, as --fail-on says', async t => {
  t.equal((await run(['check', after])).code, 0)
  t.equal((await run(['check', after, '--fail-on', 'info'])).code, 1)
  t.equal((await run(['check', before])).code, 1)
  t.equal((await run(['check', before, '--fail-on', 'error'])).code, 0)
  const { findings } = JSON.parse((await run(['check', before, '--json'])).out) as { findings: object[] }
  for (const finding of findings) t.match(finding, { check: String, severity: /^(error|warning|info)$/, message: String, witness: { method: String, url: /^https?:/, headers: Object } })
})

t.test('check for people: the rule, who comes before it, one curl line, the fix; colours for terminals alone', async t => {
  const plain = (await run(['check', before])).out
  t.match(plain, /warning {2}prefix-overreach[\s\S]*Rule 100 \(api\)[\s\S]*try: {2}curl -i 'http:\/\/[\s\S]*fix: Replace \/api\*/)
  t.notMatch(plain, '\u001B')
  t.match((await run(['check', before], { tty: true })).out, '\u001B[')
  t.notMatch((await run(['check', before], { tty: true, env: { NO_COLOR: '1' } })).out, '\u001B')
})

t.test('explain: the rule and why, everything that was passed over, and candidates where it hangs on something', async t => {
  const explained = JSON.parse((await run(['explain', after, 'https://registry.hokus.ai/models', '--json'])).out) as { passedOver: Array<{ rule: string }> }
  t.match(explained, { listener: 'https', rule: '50', target: 'api' })
  t.strictSame(explained.passedOver.map(one => one.rule), ['10', '11', '12', '13', '14', '15', '16', '17', '18', '19', '20'])
  t.match(JSON.parse((await run(['explain', after, 'http://registry.hokus.ai/mlflow', '--listener', 'https', '--json'])).out), { listener: 'https' })
  await t.rejects(run(['explain', after, 'http://registry.hokus.ai:8080/']), { message: /no listener for HTTP on port 8080/ })
  const folder = t.testdir({ 'rules.json': JSON.stringify({ Rules: [rule('1', [{ Field: 'source-ip', SourceIpConfig: { Values: ['10.0.0.0/8'] } }], forward('inside')), rule('2', [{ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: 'X-Beta', Values: ['on'] } }], forward('beta')), nothing] }) })
  const file = join(folder, 'rules.json')
  const open = await run(['explain', file, 'http://h/', '--json'])
  t.equal(open.code, 1)
  t.match(JSON.parse(open.out), { rule: null, target: 'unknown', candidates: ['1', 'default'] })
  t.match(JSON.parse((await run(['explain', file, 'http://h/', '--source-ip', '10.1.1.1', '--json'])).out), { rule: '1', target: 'inside' })
  t.match(JSON.parse((await run(['explain', file, 'http://h/', '--source-ip', '192.0.2.1', '--header', 'x-beta: off', '--header', 'X-BETA: ON', '--json'])).out), { rule: '2', target: 'beta' }, 'any occurrence counts')
})

t.test('explain: a rule that does something unknown is named, and that is not fine', async t => {
  const folder = t.testdir({ 'rules.json': JSON.stringify({ Rules: [rule('1', [path('/x')], [{ Type: 'mirror' }]), rule('2', [path('/y')], [{ Type: 'new-login', Order: 1 }, { ...forward('a')[0], Order: 2 }]), nothing] }) })
  const file = join(folder, 'rules.json')
  for (const [at, target, expected] of [['/x', 'unknown:mirror', 1], ['/y', 'new-login>a', 1], ['/z', 'fixed:404', 0]] as const) {
    const { code, out } = await run(['explain', file, `http://h${at}`, '--json'])
    t.equal(code, expected, at)
    t.match(JSON.parse(out), { target, ...expected === 1 ? { undecided: true } : {} })
  }
  t.match((await run(['explain', file, 'http://h/x'])).out, /the action type mirror is not known here/)
})

t.test('diff: nothing is exit 0, changes are exit 1 with a witness', async t => {
  const same = await run(['diff', after, after, '--json'])
  t.match({ ...same, out: JSON.parse(same.out) as object }, { code: 0, out: { changes: [] } })
  t.equal((await run(['diff', before, after])).code, 1)
  t.match((await run(['diff', before, after, '--host', 'API.hokus.ai'])).out, /curl -i 'http:\/\/api\.hokus\.ai\/mlflow'/)
})

t.test('export prints what is committed', async t => {
  for (const [format, file] of [['alb', 'after.json'], ['terraform', 'rules.tf.json']] as const) {
    const { out } = await run(['export', '--format', format])
    t.equal(out, readFileSync(`deploy/alb/${file}`, 'utf8'))
    t.equal((await run(['export', '--json', ...format === 'alb' ? [] : ['--format', format]])).out, out)
  }
  t.ok(readFileSync('docs/routing.md', 'utf8').includes((await run(['export', '--format', 'markdown'])).out))
})

t.test('wrong usage and unreadable files are exit 2 with a sentence', async t => {
  const folder = t.testdir({ 'text.json': 'no JSON', 'empty.json': '{"Rules": []}' })
  for (const argv of [
    [], ['nope'], ['constructor'], ['check'], ['check', after, before], ['check', '/nowhere.json'], ['check', after, '--nope'], ['check', after, '--fail-on', 'never'], ['check', after, '--host', 'bad host'],
    ['check', join(folder, 'text.json')], ['check', join(folder, 'empty.json')], ['explain', after], ['explain', after, 'nonsense'], ['explain', after, 'https://registry.hokus.ai/', '--source-ip', '1.2.3'], ['explain', after, 'https://h/', '--header', 'nonsense'],
    ['explain', after, 'https://h/', '--listener', 'third'], ['diff', after], ['test', after], ['test', after, after], ['export'], ['export', '--format', 'xml'], ['export', '--format', 'markdown', '--json'], ['simulate', after], ['simulate', after, '--port', '0'], ['simulate', after, '--port', '70000'], ['simulate', after, '--port', '0', '--target', 'api=ftp://x']
  ]) {
    const error: unknown = await run(argv).catch((thrown: unknown) => thrown)
    t.ok(error instanceof UsageError, `${argv.join(' ')}: ${String(error)}`)
  }
})

/** A target that says who it is and what came. */
async function target (t: { teardown: (fn: () => unknown) => void }, name: string): Promise<string> {
  const server: Server = createServer((req, res) => {
    let length = 0
    req.on('data', (chunk: Buffer) => { length += chunk.length })
    req.on('end', () => res.writeHead(201, { 'x-target': name }).end(JSON.stringify({ name, method: req.method, url: req.url, host: req.headers.host, for: req.headers['x-forwarded-for'], proto: req.headers['x-forwarded-proto'], length })))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

t.test('simulate: serves the rules as a load balancer would, until it is told to end', async t => {
  const rules = {
    Listeners: [{
      Name: 'door',
      Protocol: 'HTTP',
      Port: 80,
      Rules: [
        rule('1', [path('/old')], [{ Type: 'redirect', RedirectConfig: { Path: '/new/#{path}', Query: 'from=#{host}', StatusCode: 'HTTP_302' } }]),
        rule('2', [path('/both')], [{ Type: 'forward', ForwardConfig: { TargetGroups: [{ TargetGroupArn: 'a', Weight: 3 }, { TargetGroupArn: 'b', Weight: 1 }] } }]),
        rule('3', [path('/down')], forward('down')), rule('4', [{ Field: 'host-header', Values: ['a.example'] }], forward('a')), nothing
      ]
    }]
  }
  const file = join(t.testdir({ 'rules.json': JSON.stringify(rules) }), 'rules.json')
  const port = await freePort()
  const argv = ['dist/cli/main.js', 'routes', 'simulate', file, '--port', String(port), '--target', `a=${await target(t, 'a')}`, '--target', `b=${await target(t, 'b')}`, '--target', 'down=http://127.0.0.1:9']
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const ended = once(child, 'exit').then(([code]) => { throw new Error(`simulate ended with ${code}: is dist built?`) })
  const [said] = await Promise.race([once(child.stdout, 'data'), ended]) as [Buffer]
  ended.catch(() => {})
  t.match(said.toString(), `http://127.0.0.1:${port}`)
  const ask = async (start: string, host = 'x.example', body = ''): Promise<{ status: number, header: (name: string) => string | undefined, text: () => string }> => {
    const connection = await connect(t, port)
    connection.write(`${start} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${body === '' ? '' : `Content-Length: ${body.length}\r\n`}\r\n${body}`)
    return await connection.answer()
  }
  t.match(await ask('GET /nowhere'), { status: 404 })
  const moved = await ask('GET /old?x=1')
  t.match([moved.status, moved.header('location')], [302, 'http://x.example:80/new/old?from=x.example'])
  t.equal((await ask('GET /down')).status, 502)
  const posted = await ask('POST /x//y/../z?q=%2F&q=1', 'A.example:8080', 'hello')
  t.equal(posted.status, 201)
  t.strictSame(JSON.parse(posted.text()), { name: 'a', method: 'POST', url: '/x//y/../z?q=%2F&q=1', host: 'A.example:8080', for: '127.0.0.1', proto: 'http', length: 5 })
  t.match(JSON.parse((await ask('GET http://a.example/as-to-a-proxy?y', 'a.example')).text()), { name: 'a', url: '/as-to-a-proxy?y' }, 'the absolute form that a client sends to a proxy')
  const names: string[] = []
  for (let call = 0; call < 60; call++) names.push((JSON.parse((await ask('GET /both')).text()) as { name: string }).name)
  const share = names.filter(name => name === 'a').length
  t.ok(share > 28 && share < 60, `${share} of 60 to the group with three quarters of the weight`)

  const second = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
  const [complaint] = await once(second.stderr, 'data') as [Buffer]
  t.match(complaint.toString(), `Cannot listen on port ${port}`)
  t.strictSame(await once(second, 'exit'), [2, null])
  child.kill('SIGTERM')
  t.strictSame(await once(child, 'exit'), [0, null])
})
