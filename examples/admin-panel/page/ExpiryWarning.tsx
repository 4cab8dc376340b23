import { useExpiryCountdown, useSession, useStaySignedIn } from 'xstate-session/react'
import { surroundings } from './session.ts'

/** Nobody is at work and the bearer nears its end: the page asks instead of renewing for nobody. */
export function ExpiryWarning() {
  const isNear = useSession(({ state }) => state === 'nearingExpiry')
  return isNear ? <Warning /> : null
}

function Warning() {
  const seconds = useExpiryCountdown()
  const stay = useStaySignedIn()
  return (
    <section className="warning" role="alert">
      <p>
        <strong>Are you still there?</strong> Nobody has used this page for a while, so its bearer is not
        renewed
        {seconds !== null && <> and ends in {seconds} s</>}.
      </p>
      <button
        type="button"
        disabled={stay.isPending}
        onClick={() => {
          surroundings.setAway(false)
          stay.mutate()
        }}
      >
        I am here, stay signed in
      </button>
    </section>
  )
}
