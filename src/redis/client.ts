import { Misconfigured } from '../base/errors.ts'

/**
 * A connected client of `redis` (node-redis 5 or newer) or of `ioredis`: of one Redis, of a cluster, or by way of Sentinel.
 */
export type RedisClient =
  | {
      sendCommand(args: string[]): Promise<unknown>
      duplicate(): NodeRedisSubscriber
    }
  | NodeRedisCluster
  | NodeRedisSentinel
  | {
      call(command: string, ...args: (string | number)[]): Promise<unknown>
      duplicate(): IoredisSubscriber
    }

/** Of `createCluster`. */
interface NodeRedisCluster {
  readonly masters: readonly unknown[]
  sendCommand(firstKey: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>
  duplicate(): NodeRedisSubscriber
}

/** Of `createSentinel`. */
interface NodeRedisSentinel {
  getMasterNode(): unknown
  sendCommand(isReadonly: boolean, args: string[]): Promise<unknown>
  duplicate(): NodeRedisSubscriber
}

interface NodeRedisSubscriber {
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  on(event: 'error', listener: (error: unknown) => void): unknown
  destroy(): unknown
}

interface IoredisSubscriber {
  subscribe(channel: string): Promise<unknown>
  on(event: string, listener: (...args: string[]) => void): unknown
  disconnect(): unknown
}

/** Throws if `client` is no Redis client. `factory` names the function that got it. */
export function assertRedisClient(client: unknown, factory: string): void {
  const { call, sendCommand } = (client ?? {}) as { call?: unknown; sendCommand?: unknown }
  if (typeof (call ?? sendCommand) !== 'function')
    throw new Misconfigured(
      `${factory}: \`client\` must be a client of a Redis: createClient() of node-redis, connected, or new Redis() of ioredis.`,
    )
}

/** The abilities of both clients. */
export function redisCommands(client: RedisClient) {
  return {
    command: (args: (string | number)[]): Promise<unknown> => {
      const [name, ...rest] = args.map(String) as [string, ...string[]]
      if ('call' in client) return client.call(name, ...rest)
      if ('masters' in client) return client.sendCommand(keyOf(name, rest), false, [name, ...rest])
      if ('getMasterNode' in client) return client.sendCommand(false, [name, ...rest])
      return client.sendCommand([name, ...rest])
    },
    /** On its own connection, which the client restores. Resolves to a function that closes it. */
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

/** Whether the next command takes the same connection. */
export const hasOneConnection = (client: RedisClient): boolean =>
  !['masters', 'getMasterNode', 'nodes'].some((name) => name in client)

/** A cluster finds the node of a command by its first key. */
function keyOf(name: string, [first, , third]: readonly string[]): string | undefined {
  if (name === 'EVAL' || name === 'EVALSHA') return third
  return name === 'WAIT' || name === 'CONFIG' ? undefined : first
}
