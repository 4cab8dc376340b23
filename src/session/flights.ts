import type { SessionEvent } from '../../machines/session.events.ts'
import type { SessionState } from '../../machines/session.select.ts'
import type { Position } from '../../machines/session.types.ts'
import type { SessionRecord, SessionStore } from '../stores/store.ts'
import { type AttemptReason, createAttempts } from './attempts.ts'
import { createGrant } from './grant.ts'
import type { Owner } from './login.ts'
import type { Notice } from './notice.ts'
import type { Settings } from './options.ts'
import { createOutcomes } from './outcomes.ts'
import type { Send } from './port.ts'
import { fromRecord, toTombstone } from './records.ts'
import { identityOf, toRequest } from './requests.ts'
import { revoke } from './revoke.ts'
import { createSharedRecord } from './sharedRecord.ts'
import { strategyOf } from './strategyOf.ts'
import type { Tokens, Vault } from './vault.ts'

interface Surroundings {
  readonly settings: Settings
  readonly store: SessionStore | undefined
  readonly vault: Vault
  now(): number
  isUserActive(): boolean
  send(event: SessionEvent): void
  notify(notice: Notice): void
}

/** The grant of a session: how it is renewed, shared with peers and ended at the backend. */
export function createFlights(surroundings: Surroundings) {
  const { settings, store, vault, now, isUserActive, notify } = surroundings
  const grant = createGrant(surroundings)
  const unstored = () => notify({ type: 'warning', code: 'persistFailed' })
  const shared = store && createSharedRecord({ ...surroundings, store, grant, unstored })
  const attempt = createAttempts({ ...surroundings, grant, shared })
  const revokeLate = (owner: Owner, tokens: Tokens) => void end(owner, tokens, 'late')
  const outcomes = createOutcomes({ ...surroundings, grant, shared, revokeLate })

  /** Ends tokens at the backend. */
  async function end(owner: Owner, tokens: Tokens, cause: 'logout' | 'late'): Promise<void> {
    const request = (signal: AbortSignal) => ({
      ...toRequest(settings, owner, tokens, isUserActive(), signal),
      cause,
    })
    if (!(await revoke(strategyOf(settings, owner), request, settings.clock, settings.attemptTimeoutMs)))
      notify({ type: 'warning', code: 'notRevoked' })
  }

  /** The epoch is over. Returns its grant. `everywhere`: its copies in this process end too. */
  function close(everywhere: boolean) {
    const closed = grant.close()
    shared?.close()
    if (closed && everywhere) settings.coordinator?.end(identityOf(closed.owner, closed.tokens))
    return closed
  }

  return {
    /** One attempt for `position`. Every outcome reaches the chart as one event, by `answer`. */
    start: (position: Position, reason: AttemptReason, answer: Send) =>
      attempt(position, reason, answer, outcomes.conclude),
    /** Takes a newer version, or the end, from the store. */
    reread: async (position: Position) => shared?.reread(position),
    end,
    lifeOf: outcomes.lifeOf,
    problem: outcomes.problem,
    open: grant.open,
    /** Begins with a session that was stored. */
    restore(stored: SessionRecord) {
      const { at, owner, tokens, lifeMs, ageMs, ...found } = fromRecord(stored, settings.clock.wall())
      grant.open(at, owner, tokens, lifeMs, now() - ageMs, found)
    },
    owner: grant.owner,
    /** Whether there is a session whose tokens are here, or may yet come. */
    isOpen: () => grant.owner() !== undefined,
    /** The session ended: nothing of it stays, unless a peer may yet bring a newer version. */
    leave({ state, reason }: SessionState) {
      if (reason === 'refreshRejected' || reason === 'refreshOutcomeUnknown') return vault.empty()
      close(false)
      const at = vault.position()
      // Only at this version: a newer version of a peer lives on.
      if (state === 'expired') store?.compareAndSet(at, toTombstone(at, reason ?? undefined)).catch(unstored)
    },
    close,
  }
}

export type Flights = ReturnType<typeof createFlights>
