import { systemClock } from '../base/clock.ts'
import type { LoginHost, LoginStep, RunningLogin, ServerLogin } from '../server/serverLogin.ts'

/** A login, as the cases need it, before a backend or provider that works. */
export interface ServerLoginUnderTest {
  /** The login; called with hosts of the suite: its name there is `login`, `publicUrl` is `https://admin.example/`. */
  readonly login: ServerLogin
  /** Where it takes credentials: some that are right, and some that are wrong. */
  readonly credentials?: {
    readonly right: Readonly<Record<string, unknown>>
    readonly wrong: Readonly<Record<string, unknown>>
  }
  /** Where the right credentials need a further step: what its input is. */
  next?(step: string): Readonly<Record<string, unknown>>
  /** Where it logs in by redirect: what a user does at the provider. Resolves to the address that they are sent back to. */
  visit?(location: URL): Promise<URL>
  /** Called after its case, also where that failed. */
  close?(): void | Promise<void>
}

/** How the cases get a login. */
export interface ServerLoginConformanceOptions {
  /** A login and what is behind it; called once for each case. */
  create(): Promise<ServerLoginUnderTest>
}

/** What the cases of a login share. */
export interface LoginSubject extends ServerLoginUnderTest {
  readonly running: RunningLogin
  /** What was sent by `fetch` of the host. */
  readonly sent: readonly string[]
  /** The same login, whose calls get these answers. */
  answered(answer: () => Promise<Response>): RunningLogin
  /** Logs in with the right credentials, through all steps. */
  submitted(running?: RunningLogin): Promise<LoginStep>
  /** Logs in by redirect. */
  redirected(): Promise<LoginStep>
}

const PUBLIC = new URL('https://admin.example/')
const ATTEMPT_MS = 10_000
/** More steps are no login. */
const MAX_STEPS = 5

/** A request that carries a login to the server. */
export const loginRequestOf = (url: string | URL = new URL('session/login', PUBLIC)) => ({
  request: new Request(url, { headers: { origin: PUBLIC.origin } }),
})

function hostOf(fetch: typeof globalThis.fetch): LoginHost {
  const under = (path: string) => new URL(path, PUBLIC).pathname
  return {
    name: 'login',
    clock: systemClock,
    publicUrl: PUBLIC,
    callbackPath: under('session/callback/login'),
    attemptTimeoutMs: ATTEMPT_MS,
    fetch,
    pathOf: under,
    urlOf: (value) => new URL(value.endsWith('/') ? value : `${value}/`),
    endSessionAt: () => {},
  }
}

/** Runs `check` on each login that `create` makes. */
export async function withLogin(
  create: () => Promise<ServerLoginUnderTest>,
  check: (subject: LoginSubject) => Promise<void>,
): Promise<void> {
  const made = await create()
  const sent: string[] = []
  const through: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    sent.push(`${request.method} ${request.url}`)
    return globalThis.fetch(request)
  }
  const running = made.login(hostOf(through))

  async function submitted(own = running): Promise<LoginStep> {
    let step = await own.submit?.(loginRequestOf(), made.credentials?.right ?? {})
    for (let steps = 0; step && 'next' in step && steps < MAX_STEPS; steps++)
      step = await own.submit?.(loginRequestOf(), made.next?.(step.next) ?? {}, kept(step))
    if (!step) throw new Error('The right credentials are no input of the login.')
    return step
  }

  async function redirected(): Promise<LoginStep> {
    const { location, keep } = (await running.begin?.({ ...loginRequestOf(), input: {} })) ?? {}
    const back = location && (await made.visit?.(location))
    if (!back) throw new Error('A login that begins by redirect needs `visit`.')
    const step = await running.callback?.(loginRequestOf(back), throughJson(keep))
    if (!step) throw new Error('The login has no `callback`.')
    return step
  }

  try {
    await check({
      ...made,
      running,
      sent,
      answered: (answer) => made.login(hostOf(answer)),
      submitted,
      redirected,
    })
  } finally {
    await made.close?.()
  }
}

/** What was kept comes back as JSON. */
export const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

const kept = ({ next, keep }: Extract<LoginStep, { readonly next: string }>) => ({
  next,
  keep: throughJson(keep),
})
