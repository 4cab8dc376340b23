import type { SessionUser, UserIdentity } from '../../machines/session.types.ts'
import type { Clock } from '../base/clock.ts'
import type { UserSchema } from '../base/userReader.ts'
import type { Coordinator } from '../coordination/coordinator.ts'
import type { SessionRecorder } from '../session/recorder.ts'
import type { ServerStore } from '../stores/serverStore.ts'
import type { AuditEntry } from './auditEntry.ts'
import type { LoginChoice } from './loginChoice.ts'
import type { ServerNotice } from './notice.ts'
import type { ApiTarget } from './routes.ts'
import type { ServerLogin } from './serverLogin.ts'
import type { ServerTelemetry } from './telemetry.ts'

/** How the server of a panel works. `publicUrl`, `secrets` and `logins` must be given. */
export interface SessionServerOptions<User extends UserIdentity = SessionUser> {
  /** Where browsers see the panel, its base path included: `https://admin.example.com/`. Its origin is ours. */
  readonly publicUrl: string
  /** Seal everything; at least 32 characters each. The first seals, all unseal: put a new one in front. */
  readonly secrets: readonly string[]
  /**
   * Reads the user that the backend tells: any [Standard Schema](https://standardschema.dev) that answers at once, and
   * leaves the `id` as it is. `getSession` is typed by it, and the page is told what it gives, as JSON: what it leaves out
   * stays on the server, in the sealed record. A user that misfits refuses a login (502 `user_misfit`); a session that is
   * there goes on with the user that it had, and tells `warning` `userMisfit` when it refreshes.
   * @default the known fields of `SessionUser`
   *
   * @example
   * const server = createSessionServer({ ...serverOptions, user: z.object({ id: z.string(), roles: z.array(z.string()) }) })
   */
  readonly user?: UserSchema<User>
  /** Keeps the sessions. @default memoryServerStore(): they end with the process */
  readonly store?: ServerStore
  /**
   * Keeps a session in sealed cookies of the browser instead of in a store: for platforms that keep nothing between
   * requests. A copied cookie then works until its session ends by time or its refresh token is spent, and a logout
   * reaches only the processes that know of it, and each of them counts wrong second factors for itself. Give a `coordinator` that spans the processes. @default false
   */
  readonly sealedCookies?: boolean
  /**
   * Makes one refresh of those that several processes want at a time; a store keeps them from spending a token twice
   * without it. @default one for this process
   */
  readonly coordinator?: Coordinator
  /**
   * The cookies' name, without prefix; letters, digits, `-` and `_`. Panels of one host keep
   * apart without one. @default 'session', and `session-{port}` where `publicUrl` names a port: cookies know no ports
   */
  readonly cookieName?: string
  /** Under `publicUrl`: where this server's own endpoints are. @default 'session/' */
  readonly path?: string
  /** Under `publicUrl`: the panel's login page, for what goes wrong in a login by redirect. @default 'login' */
  readonly loginPath?: string
  /** The ways to log in, each under a name that its sessions keep. One at least. */
  readonly logins: Readonly<Record<string, ServerLogin>>
  /**
   * Chooses the login of a request, by tenant or by mail domain, in place of `via`: its name, or none. Whoever asks is not told
   * which logins there are: with none, credentials are answered as wrong ones are, a login by redirect
   * `login_unavailable`; `GET {path}logins` lists what the request alone chooses. Throws and unknown names count as none.
   * @default a request names its login by `via`
   *
   * @example
   * const server = createSessionServer({
   *   ...serverOptions,
   *   chooseLogin: ({ input }) => (String(input.loginHint).endsWith('@example.com') ? 'staff' : 'guests'),
   * })
   */
  readonly chooseLogin?: (choice: LoginChoice) => string | undefined | Promise<string | undefined>
  /**
   * Whether a user may use the panel: asked at the login, and of the session whenever a request comes, so that what a
   * renewal tells counts. `claims` are what is kept of the user: all that the login tells, also what the schema of the option
   * `user` leaves out; without that option the known fields. With `sealedCookies` it is asked at the login alone. A login that is refused is answered 403 `not_admitted`, a session that is refused ends with `accessRevoked`, and its grant
   * is revoked. Anything but `true` refuses, a throw and a Promise, too.
   * @default everybody
   *
   * @example
   * const server = createSessionServer({ ...serverOptions, admit: (_, { claims }) => claims.role === 'ADMIN' })
   */
  admit?(
    user: User,
    facts: { readonly login: string; readonly claims: Readonly<Record<string, unknown>> },
  ): boolean
  /** Names of logins that are no more: their sessions end. Of any other unknown name sessions wait, for a rolling release. @default none */
  readonly retiredLogins?: readonly string[]
  /**
   * What of the APIs the panel may call: path prefix, under `publicUrl`, to methods, or to a target. The areas where a
   * backend hands out tokens are never among it, however wide a prefix is: of LibreChat `api/admin/login`,
   * `api/admin/oauth`, `api/auth` but for the enrolment of a second factor, and any `oauth` elsewhere. Nor is a path that two
   * parsers could read differently: a stray `%`, an encoded separator, path parameters (`;`), bytes that are no UTF-8.
   * @default what the logins offer: of LibreChat `{ '/api/admin/': all }`
   */
  readonly api?: Readonly<Record<string, readonly string[] | ApiTarget>>
  /** The client's address, sent as `X-Forwarded-For`: for a backend that trusts this server. */
  readonly forwardClientIp?: (request: Request, info: RequestInfo) => string | undefined
  /**
   * What `GET {path}auth` tells a proxy that asks before it passes a request on, beside 204.
   *
   * @example
   * const server = createSessionServer({ ...serverOptions, forwardAuth: { headers: { 'X-User-Id': 'id' } } })
   */
  readonly forwardAuth?: ForwardAuthOptions
  /** Whether a request shows a user at work, rather than a page that polls. @default `isUserActivity` */
  readonly isUserActivity?: (request: Request) => boolean
  /** Ends a session after this much time without a user; milliseconds. @default 1_800_000 (30 minutes) */
  readonly idleTimeoutMs?: number
  /** Ends a session this long after its login; milliseconds. @default 604_800_000 (7 days) */
  readonly absoluteLifetimeMs?: number
  /**
   * How many sessions one user of one login may have; a further login ends the oldest (`sessionLimit`). Needs a store.
   * @default Infinity
   */
  readonly maxSessionsPerUser?: number
  /** How long a verification is trusted; milliseconds. @default 60_000 */
  readonly revalidateMs?: number
  /** As `SessionOptions.leadTimeMs`. @default 30_000 */
  readonly leadTimeMs?: number
  /** As `SessionOptions.patienceMs`. @default 8_000 */
  readonly patienceMs?: number
  /** As `SessionOptions.attemptTimeoutMs`. @default 25_000 */
  readonly attemptTimeoutMs?: number
  /**
   * How long the backend may be silent before the head of an answer that is passed on; milliseconds, counted from the end of
   * the request. Then the page gets 504 `backend_timeout`. A call that answers late by design needs more. @default 60_000
   */
  readonly headersTimeoutMs?: number
  /**
   * How long the backend may be silent in the middle of an answer that is passed on; milliseconds. Then it is broken off.
   * @default Infinity: a stream of events may be silent for as long as it likes
   */
  readonly bodyTimeoutMs?: number
  /**
   * While the store is away: for how long a session that was read before goes on to be served, milliseconds, at most 60 000.
   * `GET` and `HEAD` of the API alone, with a bearer that is good, and never after an end that this process has seen; an end
   * in another process may go unseen for as long. Up to 10 000 sessions. @default 0: nobody is served
   */
  readonly staleIfErrorMs?: number
  /** Life of a bearer whose answer says nothing about it; milliseconds. @default Infinity: only a 401 tells */
  readonly lifetimeMs?: number
  /** Told of everything that happens. No token, no personal data. What it throws is written to `console.error`. */
  readonly observe?: (notice: ServerNotice) => void
  /** Watches what is sent: `openTelemetry` of `xstate-session/opentelemetry`. @default nobody does */
  readonly telemetry?: ServerTelemetry
  /**
   * Told who did what, from where, and when: logins, logouts, what was refused, and sessions that ended. Unlike `observe` it
   * is told user ids and addresses. What it throws is written to `console.error`, and the request goes on.
   */
  readonly audit?: (entry: AuditEntry) => void
  /**
   * Keeps the last that happened to each session, in the memory of this process, for whoever asks why one ended:
   * `createRecorder` of `xstate-session/recorder`. `sessions.trace` reads it.
   */
  readonly recorder?: SessionRecorder
  /**
   * Sends the proxy's calls, logins and refreshes.
   * @default on Node `node:http`: kept connections for the proxy's calls, a fresh one for each refresh; else the platform's `fetch`
   */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Reads time and sets timers.
   * @default the platform's clocks and timers
   */
  readonly clock?: Clock
  /**
   * Jitter; answers a number from 0 up to 1.
   * @default Math.random
   */
  readonly random?: () => number
}

/** What a proxy is told of whoever is logged in; without it nothing but that somebody is. */
export interface ForwardAuthOptions {
  /**
   * Headers of the answer, each to the field of the user that it holds, as the schema of the option `user` shows it. Names begin
   * with `X-` or `Remote-`. Texts, numbers, flags and lists of them; percent-encoded where they are no plain ASCII; empty where
   * there is none, or one of more than 1 000 characters. @default none
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Gives the bearer, as `Authorization`, to a proxy that shows this secret in `X-Forward-Auth-Secret`, and refreshes for that. At
   * least 32 characters; a page must never learn it. @default no bearer is given to anybody
   */
  readonly bearerSecret?: string
  /**
   * Whose users are let through; of another login it is 403. Required as soon as there are two logins: an `id` of one may be
   * somebody else's at another, and a bearer of one is nobody else's. @default the one login
   */
  readonly logins?: readonly string[]
}

/** What a server knows of a request besides the request. */
export interface RequestInfo {
  /** The address of the other end of the connection. */
  readonly remoteAddress?: string
  /** Whether the connection can become a WebSocket: `toUpgradeListener` says so. @default false */
  readonly isUpgrade?: boolean
}
