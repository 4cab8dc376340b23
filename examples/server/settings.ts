export type Settings = ReturnType<typeof readSettings>

/** Reads the environment; throws where something is missing, and says what. Never quotes a value. */
export function readSettings(env: NodeJS.ProcessEnv) {
  const need = (name: string): string => {
    const value = env[name]
    if (!value) throw new Error(`${name} is not set.`)
    return value
  }
  return {
    backendUrl: need('BACKEND_URL'),
    publicUrl: need('PUBLIC_URL'),
    port: Number(env.PORT ?? new URL(need('PUBLIC_URL')).port),
    insidePort: Number(env.INSIDE_PORT ?? 0),
    /** The newest first, separated by commas. */
    secrets: need('SESSION_SECRETS').split(','),
    /** Of the three one is needed; PostgreSQL wins, then Redis. */
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    database: env.DATABASE_URL || env.REDIS_URL ? undefined : need('DATABASE'),
    /** The same in all processes. It only names what they agree on, so it is not rotated. */
    coordinatorSecret: env.REDIS_URL && !env.DATABASE_URL ? need('COORDINATOR_SECRET') : '',
    leadTimeMs: Number(env.LEAD_TIME_MS ?? 0),
    /** How many reverse proxies of yours stand in front, and append the address that they saw. */
    trustedHops: Number(env.TRUSTED_HOPS ?? 0),
    /** Whether the backend has LibreChat's limiter. */
    isLimited: env.BACKEND_LIMITER !== 'off',
  }
}
