import type { createClient } from 'redis'

type Client = Pick<ReturnType<typeof createClient>, 'sendCommand' | 'duplicate'>

/**
 * A real Redis whose time can be moved: for the scripts that go through `wrap`, and for the life of every key. Scripts
 * are always sent in full, with the clock in them moved.
 */
export function movableRedis(admin: Client) {
  let movedMs = 0
  const moved = (script: string) => script.replace(/^local now = (.+)$/m, `local now = $1 + ${movedMs}`)
  return {
    wrap: (client: Client) => ({
      duplicate: () => client.duplicate(),
      async sendCommand([name = '', script = '', ...rest]: string[]) {
        if (name === 'EVALSHA') throw new Error('NOSCRIPT No matching script.')
        return client.sendCommand([name, name === 'EVAL' ? moved(script) : script, ...rest])
      },
    }),
    /** Minutes or hours pass: what would expire meanwhile does. */
    async advance(ms: number) {
      movedMs += ms
      for (const key of (await admin.sendCommand(['KEYS', '*'])) as unknown as string[]) {
        const leftMs = Number(await admin.sendCommand(['PTTL', key]))
        if (leftMs > ms) await admin.sendCommand(['PEXPIRE', key, String(Math.ceil(leftMs - ms))])
        else if (leftMs >= 0) await admin.sendCommand(['DEL', key])
      }
    },
  }
}
