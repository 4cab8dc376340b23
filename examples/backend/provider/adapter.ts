import type { Adapter, AdapterPayload } from 'oidc-provider'

/** What a grant takes along when it is revoked; an interaction names its grant too, but outlives it. */
const grantable = new Set([
  'AccessToken',
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'BackchannelAuthenticationRequest',
])

interface Entry {
  readonly payload: AdapterPayload
  readonly expiresAt: number
}

export interface ProviderStoreOptions {
  readonly now?: () => number
  /** Latency of every call, in milliseconds. */
  readonly delayMs?: () => number
  /** How long a consumed refresh token is still shown as unused. */
  readonly reuseGraceMs?: () => number
}

export interface ProviderStore {
  readonly adapter: (model: string) => Adapter
  /** Number of live entries of a model. */
  count(model: string): number
  /** Revokes every grant of an account and answers with how many there were. */
  revokeAccount(accountId: string): number
}

/**
 * The provider's memory: one `Map`, without a bound. The provider's own in-memory adapter keeps 1000 entries
 * and forgets the oldest, which looks like random logouts.
 */
export function createProviderStore(options: ProviderStoreOptions = {}): ProviderStore {
  const { now = Date.now, delayMs = () => 0, reuseGraceMs = () => 0 } = options
  const entries = new Map<string, Entry>()
  const keysByGrant = new Map<string, Set<string>>()
  const idByUid = new Map<string, string>()
  const idByUserCode = new Map<string, string>()

  const keyOf = (model: string, id: string): string => `${model}:${id}`

  function remove(key: string): void {
    const payload = entries.get(key)?.payload
    if (!payload) return
    entries.delete(key)
    const id = key.slice(key.indexOf(':') + 1)
    if (payload.uid && idByUid.get(payload.uid) === id) idByUid.delete(payload.uid)
    if (payload.userCode && idByUserCode.get(payload.userCode) === id) idByUserCode.delete(payload.userCode)
    if (payload.grantId) {
      const keys = keysByGrant.get(payload.grantId)
      keys?.delete(key)
      if (keys?.size === 0) keysByGrant.delete(payload.grantId)
    }
  }

  function live(key: string): AdapterPayload | undefined {
    const entry = entries.get(key)
    if (!entry) return undefined
    if (entry.expiresAt > now()) return entry.payload
    remove(key)
    return undefined
  }

  function revokeGrant(grantId: string): void {
    for (const key of [...(keysByGrant.get(grantId) ?? [])]) {
      remove(key)
    }
  }

  async function latency(): Promise<void> {
    const ms = delayMs()
    if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
  }

  function adapter(model: string): Adapter {
    return {
      async upsert(id, payload, expiresIn) {
        await latency()
        const key = keyOf(model, id)
        remove(key)
        entries.set(key, {
          payload: { ...payload },
          expiresAt: expiresIn ? now() + expiresIn * 1000 : Infinity,
        })
        if (payload.uid) idByUid.set(payload.uid, id)
        if (payload.userCode) idByUserCode.set(payload.userCode, id)
        if (payload.grantId && grantable.has(model)) {
          const keys = keysByGrant.get(payload.grantId) ?? new Set()
          keysByGrant.set(payload.grantId, keys.add(key))
        }
      },
      async find(id) {
        await latency()
        const payload = live(keyOf(model, id))
        if (!payload) return undefined
        const { consumedAtMs, ...stored } = payload
        const inGrace =
          model === 'RefreshToken' &&
          typeof consumedAtMs === 'number' &&
          now() - consumedAtMs < reuseGraceMs()
        if (inGrace) delete stored.consumed
        return stored as AdapterPayload
      },
      async findByUid(uid) {
        const id = idByUid.get(uid)
        return id === undefined ? undefined : this.find(id)
      },
      async findByUserCode(userCode) {
        const id = idByUserCode.get(userCode)
        return id === undefined ? undefined : this.find(id)
      },
      async consume(id) {
        await latency()
        const key = keyOf(model, id)
        const entry = entries.get(key)
        if (!entry) return
        // The first use counts: a reuse inside the grace window must not extend it.
        const consumedAtMs = entry.payload.consumedAtMs ?? now()
        const payload = { ...entry.payload, consumed: Math.floor(now() / 1000), consumedAtMs }
        entries.set(key, { ...entry, payload })
      },
      async destroy(id) {
        await latency()
        remove(keyOf(model, id))
      },
      async revokeByGrantId(grantId) {
        await latency()
        revokeGrant(grantId)
      },
    }
  }

  return {
    adapter,
    count: (model) => [...entries.keys()].filter((key) => key.startsWith(`${model}:`) && live(key)).length,
    revokeAccount(accountId) {
      const grantKeys = [...entries].filter(
        ([key, { payload }]) => key.startsWith('Grant:') && payload.accountId === accountId,
      )
      for (const [key] of grantKeys) {
        revokeGrant(key.slice('Grant:'.length))
        remove(key)
      }
      return grantKeys.length
    },
  }
}
