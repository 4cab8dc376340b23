/**
 * Sessions and refreshes of several processes through Redis or Valkey, with a client of `redis` or `ioredis`.
 *
 * Install: `npm install xstate-session xstate redis`
 * @module
 */

export type { Coordinator } from '../coordination/coordinator.ts'
export type { RedisCoordinatorOptions } from '../redis/coordinatorOptions.ts'
export { redisCoordinator } from '../redis/redisCoordinator.ts'
export { type RedisServerStoreOptions, redisServerStore } from '../redis/redisServerStore.ts'
export type { ServerStore } from '../stores/serverStore.ts'
