/** A connected client of `redis` (node-redis 5 or newer) or of `ioredis`. */
export type RedisClient =
  | { sendCommand(args: string[]): Promise<unknown> }
  | { call(command: string, ...args: (string | number)[]): Promise<unknown> }

/** The one way to send a command that both clients share. */
export function redisCommands(client: RedisClient) {
  return {
    command: (args: (string | number)[]): Promise<unknown> => {
      const [name, ...rest] = args.map(String) as [string, ...string[]]
      return 'call' in client ? client.call(name, ...rest) : client.sendCommand([name, ...rest])
    },
  }
}
