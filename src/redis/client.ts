import { Misconfigured } from '../base/errors.ts'

/**
 * A connected client of `redis` (node-redis 5 or newer) or of `ioredis`: of one Redis, of a cluster, or by way of Sentinel.
 */
export type RedisClient =
  | NodeRedis
  | NodeRedisCluster
  | NodeRedisSentinel
  | {
      call(command: string, ...args: (string | number)[]): Promise<unknown>
      duplicate(): IoredisSubscriber
    }

/** Of `createClient`. */
interface NodeRedis {
  /** Connected: a command is sent at once. */
  readonly isReady?: boolean
  /** `timeout`: how long a command may wait to be sent, in milliseconds; 0: the client sets no timer. */
  sendCommand(args: string[], options?: { readonly timeout?: number }): Promise<unknown>
  duplicate(): NodeRedisSubscriber
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
    command: sender(client),
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

/**
 * node-redis makes an AbortSignal with a timer for each command that waits to be sent. That costs as much as the command,
 * and a connected client sends it in this turn.
 */
const UNTIMED = { timeout: 0 }

/** Sends a command. `isSlow`: Redis does not answer in time, so that a command may have to wait until it is sent. */
function sender(client: RedisClient): (args: string[], isSlow: boolean) => Promise<unknown> {
  if ('call' in client) return ([name = '', ...rest]) => client.call(name, ...rest)
  if ('masters' in client) return (args) => client.sendCommand(keyOf(args), false, args)
  if ('getMasterNode' in client) return (args) => client.sendCommand(false, args)
  return (args, isSlow) =>
    client.isReady && !isSlow ? client.sendCommand(args, UNTIMED) : client.sendCommand(args)
}

/** Whether the next command takes the same connection. */
export const hasOneConnection = (client: RedisClient): boolean =>
  !['masters', 'getMasterNode', 'nodes'].some((name) => name in client)

/** A cluster finds the node of a command by its first key. */
function keyOf([name = '', first, , third]: readonly string[]): string | undefined {
  if (name === 'EVAL' || name === 'EVALSHA') return third
  return name === 'WAIT' || name === 'CONFIG' ? undefined : first
}
