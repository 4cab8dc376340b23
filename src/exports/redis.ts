/** Sessions and refreshes of several processes through Redis or Valkey, with a client of `redis` or `ioredis`. */

export { type RedisCoordinatorOptions, redisCoordinator } from '../coordination/redis.ts'
export { type RedisEntriesOptions, redisEntries } from '../stores/redis.ts'
