import { createServer } from 'node:net'

/** `wanted`, if nobody listens there; else any port that is free. */
export async function freePort(wanted: number): Promise<number> {
  return (await portOf(wanted).catch(() => undefined)) ?? portOf(0)
}

function portOf(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(wanted, 'localhost', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : wanted))
    })
  })
}
