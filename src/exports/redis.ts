export { type RedisEntriesOptions, redisEntries } from '../stores/redis.ts'
