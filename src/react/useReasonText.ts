'use client'
import { useContext } from 'react'
import type { SessionState } from '../../machines/session.select.ts'
import { reasonTexts } from './reasonTexts.ts'
import { ReasonTextsContext } from './reasonTextsContext.ts'
import { useSession } from './useSession.ts'

const reasonOf = ({ isPending, reason }: SessionState) => (isPending ? null : reason)

/**
 * A text for the user that says why there is no session: from the `reasonTexts` of the provider, else in English.
 * `null` while there is a session, and while it is not yet known whether there is one.
 *
 * @example
 * const reason = useReasonText()
 * return reason !== null && <p>{reason}</p>
 */
export function useReasonText(): string | null {
  const texts = useContext(ReasonTextsContext)
  const reason = useSession(reasonOf)
  return reason && (texts[reason] ?? reasonTexts[reason])
}
