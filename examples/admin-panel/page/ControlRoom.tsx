import { type ReactNode, useState, useSyncExternalStore } from 'react'
import { useSession, useSessionFetch } from 'xstate-session/react'
import { control } from './control.ts'
import { isAtProvider, surroundings } from './session.ts'
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
    const meaning = meaningOf(new Set(answers), refreshes)
    setResult(`${tally}; ${refreshes} ${refreshes === 1 ? 'refresh' : 'refreshes'}. ${meaning}`)
  }

  const isDown = state?.provider === 'down'
  const isRestarting = state?.backend === 'restarting'
  const isRevoked = state?.revoked === true
  return (
    <section className="card control" aria-labelledby="control-title">
      <h2 id="control-title">Control room</h2>
      <p className="quiet">Break something, and watch the machine above ride it out.</p>
      <dl className="figures">
        <Figure name="API requests" value={state?.requests} />
        <Figure name="refreshes" value={state?.refreshes} />
        <Figure name="most sends of one token" value={state?.mostPresented} />
        <Figure name="spent tokens sent again" value={state?.replays} />
      </dl>
      <p role="status" className="result">
        {result}
      </p>
      <Experiment title="Load" hint="However many calls find the bearer ended, one refresh serves them all.">
        <button type="button" className="first" disabled={!isAuthenticated} onClick={fire}>
          Fire {CALLS} calls at once
        </button>
        <button
          type="button"
          disabled={!isAuthenticated}
          onClick={() => ask('expire', 'Every bearer ends now', 'the next call finds out by a 401')}
        >
          End the bearer
        </button>
      </Experiment>
      <Experiment
        title="Outage"
        hint="Nobody is logged out: the old bearer serves on, and the next tries wait."
      >
        {!isAtProvider && (
          <>
            <button
              type="button"
              aria-pressed={isDown}
              onClick={() =>
                isDown
                  ? ask('providerUp', 'The provider is back', '')
                  : ask('providerDown', 'The provider is down', 'nobody is logged out for an outage')
              }
            >
              {isDown ? 'Mend the provider' : 'Break the provider'}
            </button>
            <button
              type="button"
              disabled={isRestarting}
              onClick={() =>
                ask('restart', 'The backend restarts', 'for 15 s its gateway answers in its place: 502')
              }
            >
              {isRestarting ? 'The backend restarts…' : 'Restart the backend'}
            </button>
            <button
              type="button"
              disabled={!isAuthenticated}
              onClick={() => ask('loseAnswer', 'The next answer gets lost', 'after the token was spent')}
            >
              Lose an answer
            </button>
          </>
        )}
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
      </Experiment>
      <Experiment title="People" hint="Who is away is asked before the end; who lost the rights is told why.">
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
        {!isAtProvider && (
          <button
            type="button"
            aria-pressed={isRevoked}
            onClick={() =>
              isRevoked
                ? ask('grant', 'The admin rights are back', '')
                : ask('revoke', 'The admin rights are taken away', 'the next renewal is rejected for good')
            }
          >
            {isRevoked ? 'Give the rights back' : 'Revoke the admin'}
          </button>
        )}
        <button type="button" onClick={() => window.open(location.href, '_blank', 'noopener')}>
          Open a second tab
        </button>
      </Experiment>
    </section>
  )
}

interface ExperimentProps {
  readonly title: string
  /** What to expect. */
  readonly hint: string
  readonly children: ReactNode
}

function Experiment({ title, hint, children }: ExperimentProps) {
  return (
    <fieldset className="experiment">
      <legend>{title}</legend>
      <p className="quiet">{hint}</p>
      <div className="buttons">{children}</div>
    </fieldset>
  )
}

/** What the answers of the calls mean to who has just fired them. */
function meaningOf(answers: ReadonlySet<string>, refreshes: number): string {
  if (answers.has('TypeError')) return 'The page is offline: nothing was sent, and the session lives.'
  if (answers.has('502')) return 'The backend is away, and a gateway says so. Nobody is logged out.'
  if (answers.has('401') || answers.has('503') || answers.has('RefreshUnavailable'))
    return 'There is no bearer at the moment. The session keeps trying, and nobody is logged out.'
  if (answers.has('403')) return 'The rights are gone, and the session says so.'
  if (!answers.has('200') || answers.size > 1) return ''
  return refreshes === 1 ? 'One refresh for all of them.' : refreshes === 0 ? 'The bearer was good.' : ''
}

function Figure({ name, value }: { readonly name: string; readonly value: number | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value ?? '–'}</dd>
    </div>
  )
}
