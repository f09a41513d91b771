/** Small things about sockets that several tests need. */
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'

/** A port of the loopback interface that was free a moment ago, and as many after it as are asked for. */
export async function freePort (count: number = 1): Promise<number> {
  const servers = [await listen(0)]
  const { port } = servers[0]!.address() as AddressInfo
  try {
    for (let next = port + 1; next < port + count; next++) servers.push(await listen(next))
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
