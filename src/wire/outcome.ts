import { parseJson } from '../base/json.ts'
import type { RefreshOutcome, UnknownCause } from '../session/strategy.ts'
import { isJson } from './mediaType.ts'
import type { WireResult } from './request.ts'
import { retryAfterMs } from './retryAfter.ts'
import type { WireAnswer } from './wireAnswer.ts'

/** The meaning of one backend's answers, beyond HTTP. Only `ok` is required. */
export interface AnswerRules {
  /** A whole JSON body that came with 200, 201 or 203. */
  ok(body: unknown, answer: WireAnswer): RefreshOutcome
  /**
   * The outcome of the backend's own answer, whose body is whole, with any status. `undefined`: it is not known to be
   * the backend's own.
   */
  own?(answer: WireAnswer): RefreshOutcome | undefined
  /** A 503 that is not the backend's own comes from a gateway that did not pass the request on. Default false. */
  trust503?: boolean | undefined
  /** There is no gateway in front: every 404, 405, 410 and 501 is the backend's own. Default false. */
  trust404?: boolean | undefined
}

/**
 * Whether an answer with this status has a body that says what was made. Frameworks answer each POST that made something
 * with 201; 203 is the 200 of a proxy that has changed the answer.
 */
export const isWhole = (status: number): boolean => [200, 201, 203].includes(status)

/**
 * Judges an answer by one question: may the refresh token be spent? Only the backend's own words end a session, and
 * only they count as answers. A gateway's answer says something about the network, not about the token. Any status,
 * headers and body give an outcome. The outcome holds nothing of the body.
 */
export function outcomeOf(result: WireResult, rules: AnswerRules): RefreshOutcome {
  try {
    return result.kind === 'answer' ? classify(result, rules) : result
  } catch {
    // The answer of an injected `fetch` may be no `Response`.
    return unknown('internal')
  }
}

function classify(result: WireAnswer, rules: AnswerRules): RefreshOutcome {
  const { status, headers, redirected, fault } = result
  if (redirected) return unknown('redirect')
  const own = fault ? undefined : rules.own?.(result)
  const outcome = own ?? (isWhole(status) ? whole(result, rules) : byStatus(status, rules))
  if (outcome.kind !== 'refused' && outcome.kind !== 'unknown') return outcome
  const wait = retryAfterMs(headers)
  return {
    ...outcome,
    ...(status === 503 && !own && { overloaded: true as const }),
    ...(wait !== undefined && { retryAfterMs: wait }),
  }
}

/** The answer has spent the token, so everything readable in it is read, under any type. */
function whole(answer: WireAnswer, rules: AnswerRules): RefreshOutcome {
  if (answer.fault) return unknown(answer.fault)
  const json = parseJson(answer.text)
  if (json) return rules.ok(json.value, answer)
  return unknown(answer.text && isJson(answer.headers) ? 'json' : 'content')
}

function byStatus(status: number, { trust404, trust503 }: AnswerRules): RefreshOutcome {
  if (status === 429) return { kind: 'refused', cause: 'limited' }
  if (status === 408 || status === 421 || status === 425) return unavailable
  // A gateway without a route, or a backend without one: the status is the same.
  if (status === 404 || status === 405 || status === 410 || status === 501)
    return trust404 ? { kind: 'unsupported', forGood: false } : unavailable
  if (status === 503 && trust503) return unavailable
  if (status === 0 || (status >= 300 && status < 400)) return unknown('redirect')
  return unknown(status < 400 ? 'content' : 'status')
}

const unavailable = { kind: 'refused', cause: 'unavailable' } as const

/** An answer that proves nothing and is not the backend's own. */
function unknown(cause: UnknownCause): RefreshOutcome {
  return { kind: 'unknown', cause, answered: false }
}
