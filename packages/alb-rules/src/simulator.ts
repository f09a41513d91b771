/** Serves rules on this machine as the load balancer would. Logins and rewrites are not simulated. */
import type { AddressInfo } from 'node:net'
import { createServer, request as httpRequest, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { pipeline } from 'node:stream'
import { conditionText } from './conditions.js'
import { decide } from './match.js'
import type { Group, Listener, Redirect, Rule, RuleSet } from './model.js'
import { createRequest, defaultPort, RequestError } from './request.js'

export interface Simulation {
  readonly listeners: ReadonlyArray<{ readonly listener: string | null, readonly url: string }>
  readonly close: () => Promise<void>
}

export type Targets = ReadonlyMap<string, URL>

/** A port that cannot be had: one sentence. */
export class PortError extends Error {}

/**
 * Serves every listener on a port of its own, counting up from the given one.
 * @throws PortError where a port cannot be had
 */
export async function startSimulation (ruleSet: RuleSet, targets: Targets, port: number): Promise<Simulation> {
  const servers: Server[] = []
  const close = async (): Promise<void> => { await Promise.all(servers.map(stop)) }
  const listeners: Array<{ listener: string | null, url: string }> = []
  for (const [at, listener] of ruleSet.listeners.entries()) {
    const server = createServer((req, res) => serve(listener, targets, req, res))
    try {
      await listen(server, port === 0 ? 0 : port + at)
    } catch (error) {
      await close()
      throw new PortError(`Cannot listen on port ${port + at} (${(error as NodeJS.ErrnoException).code ?? 'unknown'}).`)
    }
    servers.push(server)
    listeners.push({ listener: listener.label, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
  }
  return { listeners, close }
}

function serve (listener: Listener, targets: Targets, req: IncomingMessage, res: ServerResponse): void {
  const endpoint = endpointOf(listener, req)
  const { host, target } = addressed(req)
  req.url = target
  try {
    const url = `${endpoint.protocol}://${host}${target}`
    const asked = createRequest({ method: req.method ?? 'GET', url, headers: sentHeaders(req), sourceIp: addressOf(req) })
    const { rule, candidates, open } = decide(listener.rules, asked)
    if (rule === undefined) {
      const conditions = open.map(conditionText).join(', ')
      const names = candidates.map(({ priority }) => priority).join(', ')
      const why = conditions === '' ? `the order of ${names} is not known` : `${conditions} cannot be analysed`
      return answer(res, 501, 'text/plain', `It cannot be told which rule takes this: ${why}.\n`)
    }
    act(rule, { ...endpoint, host, path: asked.path, query: asked.query }, targets, req, res)
  } catch (error) {
    if (!(error instanceof RequestError)) throw error
    answer(res, 400, 'text/plain', 'Bad request\n')
  }
}

/**
 * The host and the origin-form of the target. A client that was given the simulator as its HTTP proxy names the host in the
 * target (absolute-form, RFC 9112, section 3.2.2): so the platform's own names work without any DNS.
 */
function addressed (req: IncomingMessage): { readonly host: string, readonly target: string } {
  const [, authority = req.headers.host ?? 'localhost', rest = req.url ?? '/'] = /^http:\/\/([^/?#]+)(.*)$/i.exec(req.url ?? '') ?? []
  return { host: authority.replace(/:\d+$/, ''), target: rest.startsWith('/') ? rest : `/${rest}` }
}

type Url = Readonly<Record<'protocol' | 'host' | 'port' | 'path' | 'query', string>>

function act ({ action }: Rule, url: Url, targets: Targets, req: IncomingMessage, res: ServerResponse): void {
  switch (action.kind) {
    case 'forward': return forward(targets.get(chosen(action.groups)), url, req, res)
    case 'redirect': {
      res.setHeader('location', locationOf(action, url))
      return answer(res, Number(action.status), 'text/html', '')
    }
    case 'fixed-response': return answer(res, Number(action.status), action.contentType, action.body)
    case 'unknown': return answer(res, 501, 'text/plain', `The action ${action.type} is not known here.\n`)
    case 'none': return answer(res, 503, 'text/plain', 'The rules name no default.\n')
  }
}

/** Streams both ways; a target that cannot be reached is 502, as with a load balancer. */
function forward (target: URL | undefined, url: Url, req: IncomingMessage, res: ServerResponse): void {
  if (target === undefined) return answer(res, 503, 'text/plain', 'The target group is empty.\n')
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest
  const outgoing = send({
    host: target.hostname.replace(/^\[|\]$/g, ''),
    port: target.port === '' ? undefined : target.port,
    method: req.method,
    path: req.url,
    headers: forwardedHeaders(req, url),
    setHost: false,
    rejectUnauthorized: false // a load balancer does not look at its targets' certificates
  })
  outgoing.useChunkedEncodingByDefault = false // a request without a length has no body, whatever its method
  outgoing.on('response', incoming => {
    res.writeHead(incoming.statusCode ?? 502, incoming.statusMessage, endToEnd(incoming.rawHeaders))
    pipeline(incoming, res, () => {})
  })
  outgoing.on('error', () => res.headersSent ? res.destroy() : answer(res, 502, 'text/plain', 'Bad gateway\n'))
  res.on('close', () => outgoing.destroy())
  // Not a pipeline: the target may answer and hang up before it has read the body.
  req.pipe(outgoing)
}

/** What came, with the address it came from added and the endpoint it came through, in the flat form that Node takes as it is. */
function forwardedHeaders (req: IncomingMessage, { protocol, port }: Url): string[] {
  const kept = endToEnd(req.rawHeaders, ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-port'])
  const chain = [...headerValues(req, 'x-forwarded-for'), addressOf(req)].join(', ')
  // Node frames a body by itself only where no headers are given in this form.
  const framing = req.headers['transfer-encoding'] === undefined ? [] : ['Transfer-Encoding', 'chunked']
  return [...kept, ...framing, 'X-Forwarded-For', chain, 'X-Forwarded-Proto', protocol, 'X-Forwarded-Port', port]
}

const hopByHop = new Set([
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer',
  'transfer-encoding', 'upgrade'
])

function endToEnd (raw: readonly string[], dropped: readonly string[] = []): string[] {
  return pairs(raw).filter(([name]) => !hopByHop.has(name.toLowerCase()) && !dropped.includes(name.toLowerCase())).flat()
}

function pairs (raw: readonly string[]): Array<[name: string, value: string]> {
  return raw.flatMap((name, at) => at % 2 === 0 ? [[name, raw[at + 1] ?? '']] : [])
}

function sentHeaders (req: IncomingMessage): Readonly<Record<string, readonly string[]>> {
  // The host is told apart: a target in absolute-form counts more than the header.
  const names = new Set(pairs(req.rawHeaders).map(([name]) => name.toLowerCase()).filter(name => name !== 'host'))
  return Object.fromEntries([...names].map(name => [name, headerValues(req, name)]))
}

function headerValues (req: IncomingMessage, name: string): string[] {
  return pairs(req.rawHeaders).filter(([sent]) => sent.toLowerCase() === name).map(([, value]) => value)
}

function addressOf ({ socket }: IncomingMessage): string {
  return (socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, '')
}

/** The protocol and port that the listener stands for; where it does not say, those it is simulated on. */
function endpointOf ({ protocol, port }: Listener, { socket }: IncomingMessage): { readonly protocol: string, readonly port: string } {
  const named = port ?? (protocol === undefined ? socket.localPort : defaultPort(protocol))
  return { protocol: (protocol ?? 'HTTP').toLowerCase(), port: String(named) }
}

function locationOf ({ protocol, host, port, path, query }: Redirect, url: Url): string {
  const values: Readonly<Record<string, string>> = { ...url, path: url.path.slice(1) }
  const filled = (template: string): string => {
    return template.replace(/#\{(protocol|host|port|path|query)\}/g, (_, name: string) => values[name] ?? '')
  }
  const asked = filled(query)
  return `${filled(protocol).toLowerCase()}://${filled(host)}:${filled(port)}${filled(path)}${asked === '' ? '' : '?' + asked}`
}

/** One of the groups, by their weights. */
function chosen (groups: readonly Group[]): string {
  let left = Math.random() * groups.reduce((sum, group) => sum + group.weight, 0)
  return (groups.find(group => (left -= group.weight) < 0) ?? groups[0])?.name ?? ''
}

function answer (res: ServerResponse, status: number, contentType: string, body: string): void {
  res.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) }).end(body)
}

function listen (server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve())
  })
}

function stop (server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
