import { useState, useSyncExternalStore } from 'react'
import { useSession, useSessionFetch } from 'xstate-session/react'
import { control } from './control.ts'
import { surroundings } from './session.ts'
import { timeline } from './timeline.ts'

const CALLS = 50

/** Break it, and watch. */
export function ControlRoom() {
  const state = useSyncExternalStore(control.subscribe, control.read)
  const isAuthenticated = useSession((session) => session.isAuthenticated)
  const fetch = useSessionFetch()
  const [isOffline, setOffline] = useState(false)
  const [isAway, setAway] = useState(false)
  const [result, setResult] = useState('')

  const say = (what: string, why: string) => timeline.tell({ where: 'you', what, why, tone: 'plain' })
  const ask = (doing: string, what: string, why: string) => {
    say(what, why)
    control.ask(doing).catch(() => setResult('The demo does not answer. Is it still running?'))
  }

  async function fire() {
    say(`${CALLS} calls at once`, 'however many wait, one refresh serves all')
    const before = control.read()?.refreshes ?? 0
    const answers = await Promise.all(
      Array.from({ length: CALLS }, () =>
        fetch('/api/admin/users').then(
          // An answer that nobody reads keeps its connection.
          (answer) => answer.text().then(() => String(answer.status)),
          (error: Error) => error.name,
        ),
      ),
    )
    const counts = Map.groupBy(answers, (answer) => answer)
    const tally = [...counts].map(([answer, those]) => `${those.length} × ${answer}`).join(', ')
    await control.ask('look').catch(() => {})
    const refreshes = (control.read()?.refreshes ?? before) - before
    setResult(`${tally}; ${refreshes} ${refreshes === 1 ? 'refresh' : 'refreshes'}`)
  }

  return (
    <section className="card control" aria-labelledby="control-title">
      <h2 id="control-title">Control room</h2>
      <p className="quiet">
        Bearers live for one minute here. Break something, and watch the machine ride it out.
      </p>
      <dl className="figures">
        <Figure name="API requests" value={state?.requests} />
        <Figure name="refreshes" value={state?.refreshes} />
        <Figure name="most sends of one token" value={state?.mostPresented} />
        <Figure name="spent tokens sent again" value={state?.replays} />
      </dl>
      <div className="buttons">
        <button type="button" disabled={!isAuthenticated} onClick={fire}>
          Fire {CALLS} calls at once
        </button>
        <button
          type="button"
          disabled={!isAuthenticated}
          onClick={() => ask('expire', 'Every bearer ends now', 'the next call finds out by a 401')}
        >
          End the bearer
        </button>
        <button
          type="button"
          aria-pressed={state?.provider === 'down'}
          onClick={() =>
            state?.provider === 'down'
              ? ask('providerUp', 'The provider is back', '')
              : ask('providerDown', 'The provider is down', 'nobody is logged out for an outage')
          }
        >
          {state?.provider === 'down' ? 'Mend the provider' : 'Break the provider'}
        </button>
        <button
          type="button"
          disabled={!isAuthenticated}
          onClick={() => ask('loseAnswer', 'The next answer gets lost', 'after the token was spent')}
        >
          Lose an answer
        </button>
        <button
          type="button"
          aria-pressed={isOffline}
          onClick={() => {
            surroundings.setOffline(!isOffline)
            say(isOffline ? 'Online again' : 'This page is offline', '')
            setOffline(!isOffline)
          }}
        >
          {isOffline ? 'Go online' : 'Go offline'}
        </button>
        <button
          type="button"
          aria-pressed={isAway}
          disabled={!isAuthenticated}
          onClick={() => {
            surroundings.setAway(!isAway)
            say(isAway ? 'Back at work' : 'Stepped away', isAway ? '' : 'for nobody nothing is renewed')
            setAway(!isAway)
          }}
        >
          {isAway ? 'Come back' : 'Step away'}
        </button>
        <button
          type="button"
          aria-pressed={state?.revoked === true}
          onClick={() =>
            state?.revoked
              ? ask('grant', 'The admin rights are back', '')
              : ask('revoke', 'The admin rights are taken away', 'the next renewal is refused for good')
          }
        >
          {state?.revoked ? 'Give the rights back' : 'Revoke the admin'}
        </button>
        <button type="button" onClick={() => window.open(location.href, '_blank', 'noopener')}>
          Open a second tab
        </button>
      </div>
      <p role="status" className="result">
        {result}
      </p>
    </section>
  )
}

function Figure({ name, value }: { readonly name: string; readonly value: number | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  )
}
