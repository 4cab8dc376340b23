import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A port that leads to another one, and what may be wrong with it. */
export async function startWay(portOf: () => number) {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    if (way.isCut) return void near.destroy()
    const far = connect(portOf(), '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        near.destroy()
        far.destroy()
      })
    }
    near.on('data', async (chunk) => {
      if (way.delayMs) {
        near.pause()
        await sleep(way.delayMs)
        near.resume()
      }
      if (!far.destroyed) far.write(chunk)
    })
    far.on('data', (chunk) => {
      if (!way.isHeld && !near.destroyed) near.write(chunk)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const way = {
    port: (server.address() as AddressInfo).port,
    /** Nobody gets through. */
    isCut: false,
    /** Answers are dropped. */
    isHeld: false,
    delayMs: 0,
    /** Closes all connections. */
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    close() {
      way.cut()
      server.close()
    },
  }
  return way
}
