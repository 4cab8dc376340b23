import type { Position } from '../../machines/session.types.ts'
import type { Send } from '../session/port.ts'
import type { RefusedCause } from '../session/strategy.ts'
import type { KnownFacts } from './facts.ts'
import type { Parts } from './parts.ts'
import type { ServerAnswer } from './serverCalls.ts'

/** A bearer that lives no longer than this is useless. */
const USELESS_MS = 1_000

/** The server has not renewed, and the bearer is about to end. */
const isNothing = ({ version, lifeMs }: KnownFacts, at: Position) =>
  version === at.version && lifeMs <= USELESS_MS

/** Asks the server to renew the bearer. One tab asks, and the others take the result. */
export function createRefreshes({ chart, login, call, settings, page, heed, replaced }: Parts) {
  let going: Position | undefined

  /** Under the lock, until the other tabs can read the result. */
  async function refresh(
    at: Position,
    name: string | undefined,
    turn: number,
    sendBack: Send,
  ): Promise<void> {
    const isOver = () => login.turns() !== turn || chart.read().version !== at.version
    const answer = isOver() ? undefined : await call('refresh', name, settings.attemptTimeoutMs)
    // The next step may start the next refresh.
    if (going === at) going = undefined
    // This login is over, or another tab has renewed meanwhile.
    if (!answer || isOver()) return
    const { facts, word, body } = answer
    heed(answer)
    if (facts && !isNothing(facts, at)) login.adopt(facts, sendBack)
    else if (word === 'no_session') login.ended(name, body?.reason, sendBack)
    else if (word) replaced(name)
    else refuse(at, answer, sendBack)
  }

  /** Asking spends nothing of the page, so the page may ask again after any answer. No outage ends a session. */
  function refuse(position: Position, { status, retryAfterMs = 0 }: ServerAnswer, sendBack: Send) {
    const { epoch, version } = position
    const cause: RefusedCause = status === undefined ? 'network' : status === 429 ? 'limited' : 'unavailable'
    chart.notify({ type: 'refreshDeferred', outcome: 'refused', cause })
    const at = chart.now()
    const roll = settings.random()
    // Callers that were told to wait must not come back at the same instant.
    const notBefore = retryAfterMs > 0 ? at + retryAfterMs * (1 + roll / 10) : 0
    sendBack({ type: 'refresh.refused', at, epoch, version, roll, notBefore })
  }

  /** A chart that was started again joins the running refresh. `sendBack` reports the result to the chart. */
  return function start(at: Position, sendBack: Send): void {
    if (going?.epoch === at.epoch && going.version === at.version) return
    going = at
    const name = login.name()
    const turn = login.turns()
    const task = () => {
      login.catchUp()
      return refresh(at, name, turn, sendBack)
    }
    void (page()?.lock(task) ?? task())
  }
}
