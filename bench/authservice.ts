/**
 * The auth service that nginx and Caddy ask: looks the hash of the key up in a Map, the least that such a service can do.
 * Argument: port; the key is in BENCH_KEY.
 */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

const hash = (key: string): string => createHash('sha256').update(key).digest('hex')
const users = new Map([[hash(process.env.BENCH_KEY ?? ''), 'bench']])

createServer((request, response) => {
  const user = users.get(hash(request.headers.authorization?.slice('Bearer '.length) ?? ''))
  response.writeHead(user === undefined ? 401 : 204, { 'x-user': user ?? '' }).end()
}).listen(Number(process.argv[2]), '127.0.0.1')
