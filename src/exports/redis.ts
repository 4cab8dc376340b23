export { type RedisCoordinatorOptions, redisCoordinator } from '../coordination/redis.ts'
export { type RedisEntriesOptions, redisEntries } from '../stores/redis.ts'
