/** Sessions and refreshes of several processes through Redis or Valkey, with a client of `redis` or `ioredis`. */

export { redisCoordinator } from '../coordination/redis.ts'
export type { RedisCoordinatorOptions } from '../coordination/redisOptions.ts'
export { type RedisEntriesOptions, redisEntries } from '../stores/redis.ts'
