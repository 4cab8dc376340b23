/** A connected client of `redis` (node-redis 5 or newer) or of `ioredis`. */
export type RedisClient =
  | {
      sendCommand(args: string[]): Promise<unknown>
      duplicate(): NodeRedisSubscriber
    }
  | {
      call(command: string, ...args: (string | number)[]): Promise<unknown>
      duplicate(): IoredisSubscriber
    }

interface NodeRedisSubscriber {
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  destroy(): unknown
}

interface IoredisSubscriber {
  subscribe(channel: string): Promise<unknown>
  on(event: string, listener: (...args: never[]) => void): unknown
  disconnect(): unknown
}

/** What both clients can do. */
export function redisCommands(client: RedisClient) {
  return {
    command: (args: (string | number)[]): Promise<unknown> => {
      const [name, ...rest] = args.map(String) as [string, ...string[]]
      return 'call' in client ? client.call(name, ...rest) : client.sendCommand([name, ...rest])
    },
    /** On a connection of its own, which is restored by the client. Resolves to a function that closes it. */
    async subscribe(channel: string, listener: (message: string) => void): Promise<() => void> {
      if ('call' in client) {
        const own = client.duplicate()
        own.on('error', () => {})
        own.on('message', (_: string, message: string) => listener(message))
        await own.subscribe(channel)
        return () => void own.disconnect()
      }
      const own = client.duplicate()
      own.on('error', () => {})
      await own.connect()
      await own.subscribe(channel, listener)
      return () => void own.destroy()
    },
  }
}
