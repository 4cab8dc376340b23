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

/** The options of a session server. `publicUrl`, `secrets` and `logins` are required. */
export interface SessionServerOptions<User extends UserIdentity = SessionUser> {
  /** The panel's address in browsers, with its base path: `https://admin.example.com/`. Its origin is ours. */
  readonly publicUrl: string
  /**
   * Whether something in front removes the path of `publicUrl` before requests arrive here: `basePath` of Next.js,
   * `StripPrefix` of Traefik, `proxy_pass` with a path in nginx, `app.mount` of Hono. @default false
   */
  readonly isPathStripped?: boolean
  /**
   * The secrets for all seals, at least 32 characters each. The first one seals, and all can open: put a new one in
   * front.
   */
  readonly secrets: readonly string[]
  /**
   * Reads the user of the backend's answers: any [Standard Schema](https://standardschema.dev) that answers at once and
   * keeps the `id`. It gives `getSession` its type. The page gets its output as JSON; the rest of the user stays on the
   * server, in the sealed record. A login whose user does not match is refused (502 `user_misfit`). A present session
   * keeps its present user, and reports `warning` `userMisfit` when it refreshes.
   * @default the known fields of `SessionUser`
   *
   * @example
   * const server = createSessionServer({ ...serverOptions, user: z.object({ id: z.string(), roles: z.array(z.string()) }) })
   */
  readonly user?: UserSchema<User>
  /** Stores the sessions. @default memoryServerStore(): they end with the process */
  readonly store?: ServerStore
  /**
   * Keeps each session in sealed cookies of the browser and not in a store, for platforms that keep nothing between
   * requests. A copied cookie works until a limit ends its session or its refresh token is spent. A logout reaches only
   * the processes that learn of it, and each process counts wrong second factors by itself. Give a `coordinator` for
   * all processes. @default false
   */
  readonly sealedCookies?: boolean
  /**
   * Joins concurrent refreshes of several processes into one. A store prevents the double use of a token even without
   * it. @default one for this process; servers whose store has `now` share their pace
   */
  readonly coordinator?: Coordinator
  /**
   * The cookies' name without prefix; letters, digits, `-` and `_`. Panels of one host do not need different names.
   * @default 'session', and `session-{port}` if `publicUrl` names a port, because cookies ignore ports
   */
  readonly cookieName?: string
  /** The path of this server's own endpoints, under `publicUrl`. @default 'session/' */
  readonly path?: string
  /** The panel's login page, under `publicUrl`: a failed login by redirect leads there. @default 'login' */
  readonly loginPath?: string
  /** The ways to log in. Sessions keep the name of their login. At least one is required. */
  readonly logins: Readonly<Record<string, ServerLogin>>
  /**
   * Chooses the login of a request by tenant or mail domain, in place of `via`: returns its name, or none. The answers
   * do not reveal which logins exist. With none, credentials are answered like wrong ones, and a login by redirect gets
   * `login_unavailable`. `GET {path}logins` lists what the request itself chooses. An error and an unknown name count
   * as none.
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
   * Whether a user may use the panel. The server calls it at the login and with every request of the session, so
   * changes by a renewal count. `claims` is everything that the server keeps of the user: all that the login returned,
   * also what the schema of the option `user` leaves out; without that option the known fields. With `sealedCookies` it
   * is called only at the login. A refused login is answered 403 `not_admitted`. A refused session ends with
   * `accessRevoked`. In both cases the grant is revoked. Only `true` admits: anything else, an error or a Promise
   * refuses.
   * @default everybody
   *
   * @example
   * const server = createSessionServer({ ...serverOptions, admit: (_, { claims }) => claims.role === 'ADMIN' })
   */
  admit?(
    user: User,
    facts: { readonly login: string; readonly claims: Readonly<Record<string, unknown>> },
  ): boolean
  /**
   * Names of logins that you removed: their sessions end. Sessions of any other unknown name wait, for a rolling
   * release. @default none
   */
  readonly retiredLogins?: readonly string[]
  /**
   * The parts of the APIs that the panel may call: path prefix, under `publicUrl`, to methods, or to a target. Paths
   * where a backend hands out tokens are always excluded, however wide a prefix is. For LibreChat these are
   * `api/admin/login`, `api/admin/oauth`, `api/auth` except the enrolment of a second factor, and any `oauth`
   * elsewhere. Paths that two parsers could read differently are excluded too: a stray `%`, an encoded separator, path
   * parameters (`;`), bytes that are not UTF-8.
   * @default what the logins offer: for LibreChat `{ '/api/admin/': all }`
   */
  readonly api?: Readonly<Record<string, readonly string[] | ApiTarget>>
  /** The client's address, sent as `X-Forwarded-For` to a backend that trusts this server. */
  readonly forwardClientIp?: (request: Request, info: RequestInfo) => string | undefined
  /**
   * The facts that `GET {path}auth` adds to its 204, for a proxy that asks before it passes a request on.
   *
   * @example
   * const server = createSessionServer({ ...serverOptions, forwardAuth: { headers: { 'X-User-Id': 'id' } } })
   */
  readonly forwardAuth?: ForwardAuthOptions
  /** Whether a request shows a user at work, and not only a page that polls. @default `isUserActivity` */
  readonly isUserActivity?: (request: Request) => boolean
  /** Ends a session after this time without user activity; milliseconds. @default 1_800_000 (30 minutes) */
  readonly idleTimeoutMs?: number
  /** Ends a session this long after its login; milliseconds. @default 604_800_000 (7 days) */
  readonly absoluteLifetimeMs?: number
  /**
   * The number of sessions that one user of one login may have. A further login ends the oldest (`sessionLimit`). Needs
   * a store.
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
   * How long the backend may be silent before the head of an answer through the proxy; milliseconds, counted from the
   * end of the request. Then the page gets 504 `backend_timeout`. A call that answers late by design needs more.
   * @default 60_000
   */
  readonly headersTimeoutMs?: number
  /**
   * How long the backend may be silent within an answer through the proxy; milliseconds. Then the answer is broken off.
   * @default Infinity: a stream of events may be silent for any time
   */
  readonly bodyTimeoutMs?: number
  /**
   * While the store is away: how long the server still serves a session that it read before; milliseconds, at most 60
   * 000. This applies only to `GET` and `HEAD` of the API, with a good bearer, and never after an end that this process
   * has seen. An end in another process may go unseen for this time. Up to 10 000 sessions. @default 0: no session is
   * served
   */
  readonly staleIfErrorMs?: number
  /** The life of a bearer whose answer does not say it; milliseconds. @default Infinity: only a 401 tells */
  readonly lifetimeMs?: number
  /**
   * Called with every notice. A notice holds no token and no personal data. An error of the function is written to
   * `console.error`.
   */
  readonly observe?: (notice: ServerNotice) => void
  /** Observes what the server sends: `openTelemetry` of `xstate-session/opentelemetry`. @default none */
  readonly telemetry?: ServerTelemetry
  /**
   * Called with who did what, from where, and when: logins, logouts, refusals, and ends of sessions. Unlike `observe`
   * it receives user ids and addresses. An error of the function is written to `console.error`, and the request goes
   * on.
   */
  readonly audit?: (entry: AuditEntry) => void
  /**
   * Keeps the last events of each session in the memory of this process, so that you can find out why one ended:
   * `createRecorder` of `xstate-session/recorder`. `sessions.trace` reads it.
   */
  readonly recorder?: SessionRecorder
  /**
   * Sends the proxy's calls, logins and refreshes.
   * @default on Node `node:http`: kept connections for the proxy's calls, a fresh one for each refresh; elsewhere the
   * platform's `fetch`
   */
  readonly fetch?: typeof globalThis.fetch
  /**
   * Reads time and sets timers.
   * @default the platform's clocks and timers
   */
  readonly clock?: Clock
  /**
   * Jitter; returns a number from 0 up to 1.
   * @default Math.random
   */
  readonly random?: () => number
}

/** The facts of the user that a proxy gets. Without them it only learns that somebody is logged in. */
export interface ForwardAuthOptions {
  /**
   * Headers of the answer, each with the field of the user that it holds, as the schema of the option `user` shows it.
   * Names begin with `X-` or `Remote-`. Values are texts, numbers, flags and lists of them, percent-encoded if they are
   * not plain ASCII. A header is empty if there is no value, or if it has more than 1 000 characters. @default none
   */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Gives the bearer as `Authorization` to a proxy that sends this secret in `X-Forward-Auth-Secret`, and refreshes for
   * it. At least 32 characters; a page must never learn it. @default nobody gets a bearer
   */
  readonly bearerSecret?: string
  /**
   * The logins whose users may pass; a user of another login gets 403. Required with two logins or more, because the
   * same `id` may belong to different people at different logins, and a bearer is for one login only. @default the one
   * login
   */
  readonly logins?: readonly string[]
}

/** The server's own facts about a request. */
export interface RequestInfo {
  /** The address at the other end of the connection. */
  readonly remoteAddress?: string
  /** Whether the connection can become a WebSocket: `toUpgradeListener` sets it. @default false */
  readonly isUpgrade?: boolean
}
