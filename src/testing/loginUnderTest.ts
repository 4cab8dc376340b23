import { systemClock } from '../base/clock.ts'
import type { LoginHost, LoginStep, RunningLogin, ServerLogin } from '../server/serverLogin.ts'

/** The login of one case. Its backend or provider works. */
export interface ServerLoginUnderTest {
  /** The login. The suite calls it with a host: its name there is `login`, and `publicUrl` is `https://admin.example/`. */
  readonly login: ServerLogin
  /** Right and wrong credentials; absent: the login takes none. */
  readonly credentials?: {
    readonly right: Readonly<Record<string, unknown>>
    readonly wrong: Readonly<Record<string, unknown>>
  }
  /** The input of the second step; absent: the right credentials are enough. */
  next?(step: string): Readonly<Record<string, unknown>>
  /**
   * Acts as the user at the provider, and resolves to the address to which the provider redirects back; absent: the login
   * needs no redirect.
   */
  visit?(location: URL): Promise<URL>
  /** Called after the case, even if the case failed. */
  close?(): void | Promise<void>
}

/** Makes logins for the cases. */
export interface ServerLoginConformanceOptions {
  /** Makes a login and its backend. Called once for each case. */
  create(): Promise<ServerLoginUnderTest>
}

/** The common input of the cases of a login. */
export interface LoginSubject extends ServerLoginUnderTest {
  readonly running: RunningLogin
  /** The requests that the login sent by `fetch` of the host. */
  readonly sent: readonly string[]
  /** The same login, with these answers to its calls. */
  answered(answer: () => Promise<Response>): RunningLogin
  /** Logs in with the right credentials, through all steps. */
  submitted(running?: RunningLogin): Promise<LoginStep>
  /** Logs in by redirect. */
  redirected(): Promise<LoginStep>
}

const PUBLIC = new URL('https://admin.example/')
const ATTEMPT_MS = 10_000
/** A login with more steps than this is broken. */
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

/** The server keeps an attempt as JSON. */
export const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

const kept = ({ next, keep }: Extract<LoginStep, { readonly next: string }>) => ({
  next,
  keep: throughJson(keep),
})
