/** Stands between a store and its PostgreSQL, and breaks connections as networks do: cut, or silent for ever. */
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface Wobbly {
  readonly port: number
  /** Breaks all connections, and takes no new ones until it is restored. */
  readonly cut: () => void
  /** Breaks the one that listens for changes. */
  readonly cutLink: () => void
  /** Nothing passes any more on the one that listens for changes, and nobody is told. */
  readonly hangLink: () => void
  /** Connections that listened for changes so far. */
  readonly links: () => number
  readonly restore: () => void
}

interface Pair { readonly near: Socket, readonly far: Socket, isLink: boolean }

export async function startWobbly (t: { teardown: (fn: () => unknown) => void }, target: number): Promise<Wobbly> {
  const pairs = new Set<Pair>()
  let isCut = false
  let links = 0
  const server = createServer(near => {
    if (isCut) { near.resetAndDestroy(); return }
    const pair: Pair = { near, far: connect(target, '127.0.0.1'), isLink: false }
    pairs.add(pair)
    const end = (): void => {
      pairs.delete(pair)
      near.destroy()
      pair.far.destroy()
    }
    for (const socket of [near, pair.far]) socket.on('error', end).on('close', end)
    near.on('data', (bytes: Buffer) => {
      if (!pair.isLink && bytes.includes('LISTEN ')) {
        pair.isLink = true
        links++
      }
    })
    near.pipe(pair.far).pipe(near)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const destroy = (which: (pair: Pair) => boolean): void => { for (const pair of [...pairs].filter(which)) pair.near.destroy() }
  t.teardown(async () => {
    destroy(() => true)
    server.close()
    await once(server, 'close')
  })
  return {
    port: (server.address() as AddressInfo).port,
    cut: () => {
      isCut = true
      destroy(() => true)
    },
    cutLink: () => destroy(({ isLink }) => isLink),
    hangLink: () => {
      for (const { near, far, isLink } of pairs) {
        if (!isLink) continue
        near.unpipe().resume()
        far.unpipe().resume()
      }
    },
    links: () => links,
    restore: () => { isCut = false }
  }
}
