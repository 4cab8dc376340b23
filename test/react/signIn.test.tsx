// @vitest-environment jsdom
import { type ReactNode, StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { createSession, LoginFailed, Misconfigured, type RefreshOutcome } from 'xstate-session'
import {
  type AttemptStore,
  createLogins,
  type KeptAttempt,
  type Logins,
  type LoginTexts,
  loginTexts,
  type OauthProvider,
  type PopupOptions,
  type SignInOptions,
} from 'xstate-session/oauth'
import { SessionProvider } from 'xstate-session/react'
import { SignInGuard, useLoginCallback, useSignIn, useStepUp } from 'xstate-session/react-logins'
import { modes, open, settle } from './page.tsx'

const CALLBACK = 'http://panel.example/callback'

/** A tab of a browser, and a provider that answers every login as `answer` says. */
function tab(
  answer: {
    fails?: string | Error
    begins?: string | Error
    refreshes?: RefreshOutcome
    texts?: Partial<LoginTexts>
  } = {},
) {
  const failed = (error: string | Error) => (typeof error === 'string' ? new LoginFailed(error) : error)
  const memory = new Map<string, string>()
  let attempts: readonly KeptAttempt[] = []
  const store: AttemptStore = {
    async change(decide) {
      const { kept, answer: told } = decide(attempts)
      attempts = kept
      return told
    },
    keepHint: async () => {},
    readHint: async () => undefined,
  }
  const counts = { begun: 0, exchanged: 0, href: 'http://panel.example/orders', leads: [] as string[] }
  const provider = (): OauthProvider => ({
    needsRefreshToken: true,
    refresh: async () => answer.refreshes ?? { kind: 'refused', cause: 'network' },
    redirectUri: CALLBACK,
    logins: {
      async begin() {
        if (answer.begins) throw failed(answer.begins)
        const state = `s${++counts.begun}`
        const location = new URL(`http://id.example/authorize?state=${state}`)
        return { location, attempt: { state, verifier: 'v', nonce: 'n', beganAt: Date.now() } }
      },
      async finish() {
        counts.exchanged++
        if (answer.fails) throw failed(answer.fails)
        const user = { id: 'ada' }
        return {
          token: 'bearer',
          refreshToken: 'refresh',
          expiresIn: 600,
          user,
          claims: {} as never,
          idToken: '',
        }
      },
      endSession: async () => undefined,
      onLogout: () => {},
      onIdToken: () => {},
    },
  })

  /** The page at the tab's address, as it is loaded. */
  async function load(wrap: (tree: ReactNode) => ReactNode = (tree) => tree, content?: ReactNode) {
    const keycloak = provider()
    const session = createSession({ baseUrl: 'http://panel.example', strategies: { keycloak } })
    let left: string | undefined
    const page = {
      href: () => counts.href,
      leave: (url: string) => {
        left = url
      },
      rename: (url: string) => {
        counts.href = new URL(url, counts.href).href
      },
      open: () => null,
      close: () => {},
      recall: (key: string) => memory.get(key),
      remember(key: string, value: string | undefined) {
        if (value === undefined) memory.delete(key)
        else memory.set(key, value)
      },
    }
    const logins = createLogins(session, { keycloak }, { attempts: store, page })
    const guard = (
      <SignInGuard
        logins={logins}
        provider="keycloak"
        pending={<i>pending</i>}
        {...(answer.texts && { texts: answer.texts })}
        onReturn={(to) => {
          counts.leads.push(to)
          page.rename(to)
        }}
      >
        <i>page</i>
      </SignInGuard>
    )
    const shown = await open(wrap(<SessionProvider session={session}>{content ?? guard}</SessionProvider>))
    await settle(() => {})
    return { shown, session, logins, left: () => left }
  }
  /** The provider sends the user back from where the page has left for. */
  const back = (left: string | undefined) => {
    counts.href = `${CALLBACK}?code=c&state=${new URL(left ?? '').searchParams.get('state')}`
  }
  return { load, back, counts, memory }
}

describe.each(modes)('the guard that signs in, rendered %s', (_, wrap) => {
  test('L10: leaves for the provider once, comes back, exchanges once, and leads to where it was', async () => {
    const { load, back, counts } = tab()
    const first = await load(wrap)
    expect(first.shown.text()).toBe('pending')
    expect(counts.begun).toBe(1)
    back(first.left())
    const second = await load(wrap)
    expect(second.shown.text()).toBe('page')
    expect(counts).toMatchObject({ begun: 1, exchanged: 1, leads: ['/orders'] })
    expect(second.shown.complaints).toEqual([])
  })

  test('L9: a callback that always fails behind a guard begins two logins at most in a tab, then shows it', async () => {
    const { load, back, counts } = tab({ fails: 'invalid_answer' })
    for (let turn = 0; turn < 6; turn++) {
      const { shown, left } = await load(wrap)
      if (left()) back(left())
      // The user reloads the page that they wanted.
      else counts.href = 'http://panel.example/orders'
      if (turn % 2 === 1 || turn > 3) expect(shown.text()).toBe('The sign-in has failed.Sign in')
    }
    expect(counts.begun).toBe(2)
    const last = await load(wrap)
    expect(last.left()).toBeUndefined()
    // Who asks for a login gets one.
    await last.shown.click('Sign in')
    await settle(() => {})
    expect(last.left()).toContain('id.example')
  })

  test('L9: a login whose session ends at once is begun twice, and not again', async () => {
    const { load, back, counts } = tab()
    for (let turn = 0; turn < 6; turn++) {
      const { session, left } = await load(wrap)
      if (left()) back(left())
      else if (session.getSnapshot().isAuthenticated) counts.href = 'http://panel.example/orders'
    }
    expect(counts.begun).toBe(2)
  })

  test('L9: an address that is opened again begins anew, and an unknown one does not do so for ever', async () => {
    const { load, counts } = tab()
    for (let turn = 0; turn < 5; turn++) {
      counts.href = `${CALLBACK}?code=c&state=of-another-day`
      await load(wrap)
    }
    expect(counts).toMatchObject({ begun: 2, exchanged: 0 })
  })

  test('a user who has logged out is asked, not sent to the provider', async () => {
    const { load, back, counts } = tab()
    back((await load(wrap)).left())
    const { shown, session } = await load(wrap)
    await settle(() => session.logout())
    expect(shown.text()).toBe('You have signed out.Sign in')
    expect(counts.begun).toBe(1)
  })
})

test('L35: a refresh token that has lived its day is one trip to the provider, which knows the user, and no question', async () => {
  const { load, back, counts } = tab({ refreshes: { kind: 'rejected', reason: 'refreshRejected' } })
  back((await load()).left())
  const { shown, session, left } = await load()
  expect(shown.text()).toBe('page')
  await settle(() => session.refresh().catch(() => {}))
  expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'refreshRejected' })
  expect([counts.begun, shown.text()]).toEqual([2, 'pending'])
  back(left())
  expect((await load()).shown.text()).toBe('page')
  expect(counts).toMatchObject({ begun: 2, exchanged: 2, leads: ['/orders', '/orders'] })
})

test('L62: the guard tells who comes back to a browser that did not begin where to go on', async () => {
  const { load, counts, memory } = tab()
  memory.set('xstate-session-unasked', JSON.stringify({ begunAt: [Date.now(), Date.now()], isOver: false }))
  counts.href = `${CALLBACK}?code=c&state=of-another-browser`
  const { shown, left } = await load()
  expect(shown.text()).toContain(loginTexts.unknown_attempt)
  expect(counts.leads).toEqual(['/'])
  await shown.click('Sign in')
  await settle(() => {})
  expect(left()).toContain('id.example')
})

test('L59: a request that the provider has forgotten meanwhile is begun once more, and not for ever', async () => {
  const { load, back, counts } = tab({ fails: 'invalid_request_uri' })
  for (let turn = 0; turn < 4; turn++) {
    const { left, shown } = await load()
    if (left()) back(left())
    else expect(shown.text()).toBe('The sign-in has failed.Sign in')
  }
  expect(counts.begun).toBe(2)
})

test('the guard: a user who went back at the provider is asked', async () => {
  const { load } = tab()
  const { shown } = await load()
  await settle(() => window.dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true })))
  expect(shown.text()).toBe('You have not signed in.Sign in')
})

describe.each(modes)('a login that failed, rendered %s', (_, wrap) => {
  const watched = () => {
    const spy = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => spy.mockRestore())
    return spy
  }

  test('the guard writes a wrong setting to the console, once, wherever it is found', async () => {
    const wrong = new Misconfigured('The issuer is http://127.0.0.1, not http://localhost.')
    const spy = watched()
    const begun = tab({ begins: wrong })
    const { shown } = await begun.load(wrap)
    expect(shown.text()).toBe('The sign-in has failed.Sign in')
    const ofGuard = () => spy.mock.calls.filter(([error]) => error === wrong || error === wrongAnswer)
    const wrongAnswer = new Misconfigured('The token endpoint does not know the client.')
    expect(ofGuard()).toEqual([[wrong]])
    const answered = tab({ fails: wrongAnswer })
    answered.back((await answered.load(wrap)).left())
    expect((await answered.load(wrap)).shown.text()).toBe('The sign-in has failed.Sign in')
    expect(ofGuard()).toEqual([[wrong], [wrongAnswer]])
  })

  test('the guard says why, leads back to where the login began, and writes nothing to the console', async () => {
    const spy = watched()
    const { load, back, counts } = tab({ fails: 'access_denied' })
    back((await load(wrap)).left())
    expect((await load(wrap)).shown.text()).toBe('You have not signed in.Sign in')
    expect(counts).toMatchObject({
      href: 'http://panel.example/orders',
      leads: ['/orders'],
    })
    const away = await tab({ begins: 'provider_unavailable' }).load(wrap)
    expect(away.shown.text()).toBe('The sign-in page is away. Please try again.Sign in')
    expect(spy.mock.calls.filter(([error]) => error instanceof Error)).toEqual([])
  })

  test('the guard speaks another language', async () => {
    const texts = {
      provider_unavailable: 'Die Anmeldung ist nicht da.',
      signIn: 'Anmelden',
    }
    const { shown } = await tab({ begins: 'provider_unavailable', texts }).load(wrap)
    expect(shown.text()).toBe('Die Anmeldung ist nicht da.Anmelden')
  })
})

test('every text for a failed login is a sentence', () => {
  const { signIn, ...texts } = loginTexts
  expect(signIn).toBe('Sign in')
  for (const text of Object.values(texts)) expect(text).toMatch(/^[A-Z].*\.$/)
})

test('the guard: the page that is back from the provider’s logout says so, to a prompt as a reason, not as a failed login', async () => {
  const { load, memory, counts } = tab()
  memory.set('xstate-session-unasked', JSON.stringify({ begunAt: [], isOver: false, isSignedOut: true }))
  const { shown, session, logins } = await load()
  expect(shown.text()).toBe('You have signed out.Sign in')
  const own = await open(
    <SessionProvider session={session}>
      <SignInGuard
        logins={logins}
        provider="keycloak"
        prompt={({ error, reason }) => `${error?.message} ${reason}`}
      />
    </SessionProvider>,
  )
  await settle(() => {})
  expect(own.text()).toBe('undefined user')
  expect(counts.begun).toBe(0)
})

test('the guard: a browser that remembers nothing begins no login that nobody asked for', async () => {
  const { load, memory, counts } = tab()
  memory.set = () => memory
  expect((await load()).shown.text()).toContain('Sign in')
  expect(counts.begun).toBe(0)
})

test('the guard renders on a server, which has no window', () => {
  const session = createSession({
    baseUrl: 'http://panel.example',
    strategies: {
      a: { needsRefreshToken: true, refresh: async () => ({ kind: 'refused', cause: 'network' }) },
    },
  })
  const logins = { signIn: async () => {}, handleCallback: async () => {} } as never
  const html = renderToString(
    <SessionProvider session={session}>
      <SignInGuard logins={logins} provider="a" pending={<i>pending</i>}>
        page
      </SignInGuard>
    </SessionProvider>,
  )
  expect(html).toBe('<i>pending</i>')
})

test('useSignIn tells why the page could not leave, and useLoginCallback why a login failed', async () => {
  const answer: { fails?: string; begins?: string } = { begins: 'provider_unavailable' }
  const { load, back, counts } = tab(answer)
  let logins: Parameters<typeof useLoginCallback>[0]
  function Page() {
    const callback = useLoginCallback(logins)
    const { mutate, error } = useSignIn(logins, 'keycloak')
    return (
      <button type="button" onClick={mutate}>
        {`${callback.isPending} ${(callback.error ?? error)?.message ?? ''}`}
      </button>
    )
  }
  const Late = () => <Page />
  const start = async () => {
    const loaded = await load((tree) => tree, <i />)
    logins = loaded.logins
    const shown = await open(
      <StrictMode>
        <SessionProvider session={loaded.session}>
          <Late />
        </SessionProvider>
      </StrictMode>,
    )
    await settle(() => {})
    return { ...loaded, shown }
  }
  const { shown, left } = await start()
  await shown.click('false ')
  expect(shown.text()).toBe('false The login has failed (provider_unavailable).')
  delete answer.begins
  await shown.click('false The login has failed (provider_unavailable).')
  await settle(() => {})
  answer.fails = 'access_denied'
  back(left())
  expect((await start()).shown.text()).toBe('false The login has failed (access_denied).')
  expect(counts.exchanged).toBe(1)
})

test('useStepUp tells that the user has come back, cancels, and tells why no window opened', async () => {
  const asked: SignInOptions[] = []
  let answer: (error?: Error) => void = () => {}
  const logins = {
    stepUp: (_: string, options: SignInOptions) => {
      asked.push(options)
      return new Promise<void>((resolve, reject) => {
        answer = (error) => (error ? reject(error) : resolve())
        popupOf(options).signal?.addEventListener('abort', () => reject(new LoginFailed('login_cancelled')))
      })
    },
  } as Logins<'keycloak'>
  const popupOf = ({ popup }: SignInOptions) => popup as PopupOptions
  function Page() {
    const { status, isBack, error, mutate, cancel } = useStepUp(logins, 'keycloak', { maxAge: 60 })
    return (
      <button type="button" onClick={isBack ? cancel : mutate}>
        {isBack ? 'cancel' : `${status} ${error?.message ?? ''}`}
      </button>
    )
  }
  const shown = await open(<Page />)
  await shown.click('idle ')
  expect(shown.text()).toBe('pending ')
  expect(asked).toMatchObject([{ maxAge: 60, popup: { signal: expect.any(AbortSignal) } }])
  await settle(() => popupOf(asked[0] ?? {}).onReturn?.())
  await shown.click('cancel')
  await settle(() => {})
  expect(shown.text()).toBe('error The login has failed (login_cancelled).')
  await shown.click('error The login has failed (login_cancelled).')
  // Of a window that was given up nothing is heard any more.
  await settle(() => popupOf(asked[0] ?? {}).onReturn?.())
  expect(shown.text()).toBe('pending ')
  await settle(() => answer())
  expect(shown.text()).toBe('success ')
})
