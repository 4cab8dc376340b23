/**
 * Sessions and refreshes of several processes through Redis or Valkey, with a client of `redis` or `ioredis`.
 * @module
 */

export type { RedisCoordinatorOptions } from '../redis/coordinatorOptions.ts'
export { redisCoordinator } from '../redis/redisCoordinator.ts'
export { type RedisServerStoreOptions, redisServerStore } from '../redis/redisServerStore.ts'
