import { useIdleCountdown, useStaySignedIn } from 'xstate-session/react'

/** Nobody has been at work for long: whoever is there may say so before the session ends (WCAG 2.2.1). */
export function IdleWarning() {
  const seconds = useIdleCountdown()
  const stay = useStaySignedIn()
  if (seconds === null) return null
  return (
    <section className="warning" role="alert">
      <p>
        <strong>You will be signed out in {seconds} s,</strong> because nobody has used this page for a long
        time. Any key keeps you signed in.
      </p>
      <button type="button" onClick={stay.mutate}>
        Keep me signed in
      </button>
    </section>
  )
}
