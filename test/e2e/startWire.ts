import { connect, createServer, type Socket } from 'node:net'

/** A wire to a port of this host that can be cut: whoever connects meanwhile is refused, and what is open breaks. */
export async function startWire(port: number, target: number) {
  const open = new Set<Socket>()
  const server = createServer((from) => {
    const to = connect({ port: target, host: 'localhost', autoSelectFamily: true })
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      open.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        open.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  const listen = () => new Promise<void>((resolve) => server.listen(port, 'localhost', resolve))
  async function cut() {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of open) socket.destroy()
    await closed
  }
  await listen()
  return { cut, mend: listen, close: () => (server.listening ? cut() : undefined) }
}
