import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import type { Clock } from '../base/clock.ts'
import { readAnswer } from '../wire/readAnswer.ts'

/** The provider's keys cannot be read. */
export class KeysUnavailable extends Error {}

type KeySet = ReturnType<typeof createLocalJWKSet>

/** How long keys are used before the provider is asked for changes. */
const FRESH_MS = 600_000
/** If there are keys, the provider is asked no more often, because anybody can send a token with an unknown key. */
const PAUSE_MS = 30_000
const ASK_MS = 5_000

/**
 * The keys of a provider: the last good ones until there are newer ones, and one request for a key that is not among
 * them (OpenID Connect Core 1.0 section 10.1.1). `jose` has this too, but it drops its keys when their time is over,
 * asks endlessly while the provider is away, and uses the platform's clock.
 */
export function providerKeys(url: URL, clock: Clock, fetch: typeof globalThis.fetch): JWTVerifyGetKey {
  let known: { readonly keys: KeySet; readonly at: number } | undefined
  let askedAt = 0
  let isAway: boolean | undefined
  let asking: Promise<void> | undefined

  async function ask(): Promise<void> {
    askedAt = clock.monotonic()
    const controller = new AbortController()
    const disarm = clock.setTimer(() => controller.abort(), ASK_MS, 'foreground')
    try {
      const { signal } = controller
      const headers = { accept: 'application/jwk-set+json, application/json' }
      const answer = await readAnswer(
        await fetch(url, { headers, signal, redirect: 'manual', cache: 'no-store' }),
        signal,
      )
      if (answer.fault || answer.status !== 200) throw new KeysUnavailable()
      const set = JSON.parse(answer.text) as JSONWebKeySet
      // A provider that cannot load its keys answers with none.
      if (set.keys.length === 0) throw new KeysUnavailable()
      known = { keys: createLocalJWKSet(set), at: clock.monotonic() }
      isAway = false
    } catch {
      isAway = true
    } finally {
      disarm()
      asking = undefined
    }
  }

  async function askAgain(): Promise<void> {
    if (!asking && known && clock.monotonic() < askedAt + PAUSE_MS) return
    asking ??= ask()
    await asking
  }

  return async (header, token) => {
    if (!known || clock.monotonic() >= known.at + FRESH_MS) await askAgain()
    if (!known) throw new KeysUnavailable('The keys of the provider could not be read.')
    try {
      return await known.keys(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      await askAgain()
      // It is unknown whether the provider has that key.
      if (isAway) throw new KeysUnavailable('The keys of the provider could not be read again.')
      return known.keys(header, token)
    }
  }
}
