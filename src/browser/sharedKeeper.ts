import type { Clock } from '../session/clock.ts'
import type { KeptFacts, KeptSession, SessionStrategy } from '../strategies/strategy.ts'
import type { Curtain } from './curtain.ts'
import type { KeptFactsStore } from './keptFacts.ts'
import type { Lock } from './lock.ts'
import type { Tabs } from './tabs.ts'

interface Surroundings {
  readonly tabs: Tabs
  readonly lock: Lock
  readonly facts: KeptFactsStore
  readonly curtain: Curtain
  readonly clock: Clock
}

/** The strategy of a page whose server keeps the bearer, for several tabs: one asks, the others learn of it. */
export function sharedKeeper(strategy: SessionStrategy, { tabs, lock, facts, curtain, clock }: Surroundings) {
  let session: KeptSession | undefined

  /** What another tab has learned about this very session. Of anything else the server is asked. */
  function news(): KeptFacts | undefined {
    const found = facts.read()
    const at = session?.position()
    const user = session?.state().user
    const expiresIn = found ? (found.endsAt - clock.wall()) / 1_000 : 0
    if (!found || !at || !user || expiresIn <= 0) return undefined
    const isNewer = found.epoch === at.epoch && found.version > at.version
    return isNewer ? { epoch: found.epoch, version: found.version, user, life: { expiresIn } } : undefined
  }

  function publish({ epoch, version, life: { expiresIn } }: KeptFacts) {
    if (typeof expiresIn === 'number')
      facts.write({ epoch, version, endsAt: Math.floor(clock.wall() + expiresIn * 1_000) })
    tabs.tell('renewed')
  }

  function change() {
    facts.clear()
    tabs.tell('changed')
  }

  const shared: SessionStrategy = {
    ...strategy,
    // Without the lock the server still makes one refresh of several.
    refresh(call) {
      const before = session?.position()
      return lock(async () => {
        const known = news()
        if (known) return { kind: 'kept', facts: known }
        // What it was to renew was renewed while it waited for the lock.
        if (session?.position().version !== before?.version) return { kind: 'refused', cause: 'unavailable' }
        const outcome = await strategy.refresh(call)
        if (outcome.kind === 'kept' && outcome.facts) publish(outcome.facts)
        else if (outcome.kind === 'kept' || outcome.kind === 'rejected') change()
        return outcome
      })
    },
    ...(strategy.revoke && {
      async revoke(call) {
        try {
          return (await strategy.revoke?.(call)) ?? false
        } finally {
          if (call.cause === 'logout') change()
        }
      },
    }),
    keep(kept) {
      session = kept
      const parts = strategy.keep?.(kept)
      if (!parts) throw new TypeError('Not a strategy that keeps a session elsewhere.')
      return {
        ...parts,
        async login(answer) {
          await parts.login(answer)
          change()
        },
        async woke() {
          await parts.woke()
          curtain.lift()
        },
      }
    },
  }
  return {
    strategy: shared,
    /** Takes what another tab has stored. Answers whether there was anything. */
    catchUp() {
      const known = news()
      if (known) session?.adopt(known)
      return known !== undefined
    },
  }
}
