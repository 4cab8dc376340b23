import type { RefreshOutcome, UnknownCause } from '../strategies/strategy.ts'
import { isJson, retryAfterMs } from './headers.ts'
import { parseJson } from './json.ts'
import type { WireAnswer, WireResult } from './request.ts'

/** What one backend's answers mean, beyond what HTTP says. All may be left out but `ok`. */
export interface AnswerRules {
  /** A whole JSON body that came with 200. */
  ok(body: unknown, answer: WireAnswer): RefreshOutcome
  /** A whole JSON body that came with another status. */
  error?(body: unknown, answer: WireAnswer): RefreshOutcome | undefined
  /** A whole body that is not JSON, with any status. */
  text?(answer: WireAnswer): RefreshOutcome | undefined
  redirect?(answer: WireAnswer): RefreshOutcome | undefined
  /** A 503 without a known code comes from a gateway that has not passed the request on. Default false. */
  trust503?: boolean | undefined
}

/**
 * Classifies what came back by the one question: may the refresh token be spent? What is not recognised
 * is `unknown`. Total: any status, headers and body give an outcome, which holds nothing of the body.
 */
export function outcomeOf(result: WireResult, rules: AnswerRules): RefreshOutcome {
  try {
    return result.kind === 'answer' ? classify(result, rules) : result
  } catch {
    // What an injected `fetch` gave is no `Response`.
    return unknown('internal')
  }
}

function classify(result: WireAnswer, rules: AnswerRules): RefreshOutcome {
  const { status, headers } = result
  if (result.redirected) return unknown('redirect')
  if (status === 0 || (status >= 300 && status < 400)) return rules.redirect?.(result) ?? unknown('redirect')
  const wait = retryAfterMs(headers)
  const outcome = said(result, rules) ?? byStatus(status, rules)
  return wait !== undefined && (outcome.kind === 'refused' || outcome.kind === 'unknown')
    ? { ...outcome, retryAfterMs: wait }
    : outcome
}

function said(answer: WireAnswer, rules: AnswerRules): RefreshOutcome | undefined {
  const ok = answer.status === 200
  if (answer.fault) return ok ? unknown(answer.fault) : undefined
  if (!isJson(answer.headers)) return rules.text?.(answer) ?? (ok ? unknown('content') : undefined)
  const json = parseJson(answer.text)
  if (ok) return json ? rules.ok(json.value, answer) : unknown(answer.text ? 'json' : 'content')
  return json && rules.error?.(json.value, answer)
}

function byStatus(status: number, rules: AnswerRules): RefreshOutcome {
  if (status === 429) return { kind: 'refused', cause: 'limited' }
  if (status === 408 || status === 421 || status === 425) return { kind: 'refused', cause: 'unavailable' }
  if (status === 404 || status === 405 || status === 410 || status === 501)
    return { kind: 'unsupported', forGood: false }
  if (status === 503 && rules.trust503) return { kind: 'refused', cause: 'unavailable' }
  return unknown(status < 400 ? 'content' : 'status')
}

/** An answer that proves nothing, and is not the backend's own word. */
function unknown(cause: UnknownCause): RefreshOutcome {
  return { kind: 'unknown', cause, answered: false }
}
