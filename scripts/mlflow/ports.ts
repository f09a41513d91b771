/** Small things about sockets that several tests need. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:net'

/** Below what Linux gives to those who name no port (32768 on): none of these is taken by a connection or a server that comes in between. */
const [lowest, highest] = [20_000, 32_000]

/** A port of the loopback interface that was free a moment ago, and as many after it as are asked for. */
export async function freePort (count: number = 1): Promise<number> {
  const port = lowest + Math.floor(Math.random() * (highest - lowest - count))
  const servers: Server[] = []
  try {
    for (let next = port; next < port + count; next++) servers.push(await listen(next))
    return port
  } catch {
    return await freePort(count)
  } finally {
    for (const server of servers) {
      server.close()
      await once(server, 'close')
    }
  }
}

async function listen (port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}
