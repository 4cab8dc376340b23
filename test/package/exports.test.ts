import { expect, test } from 'vitest'
import { specifierOf, subpaths } from './manifest.ts'

/** Who removes or renames one of these breaks somebody's import. */
const offered = async (subpath: string) => Object.keys((await import(specifierOf(subpath))) as object).sort()

test('the root', async () => {
  expect(await offered('.')).toMatchInlineSnapshot(`
    [
      "Disposed",
      "InvalidAnswer",
      "LoggedOut",
      "LoginFailed",
      "LoginRefused",
      "Misconfigured",
      "RedirectBlocked",
      "RefreshUnavailable",
      "SessionChanged",
      "SessionError",
      "SessionExpired",
      "createSession",
      "createSessionLogic",
      "inProcessCoordinator",
      "memoryStore",
      "sessionOf",
      "sessionStore",
      "systemClock",
    ]
  `)
})

test('./bff', async () => {
  expect(await offered('./bff')).toMatchInlineSnapshot(`
    [
      "bffSessionOf",
      "createBffSession",
      "createBffSessionLogic",
      "loginErrorText",
      "loginErrorTexts",
    ]
  `)
})

test('./browser', async () => {
  expect(await offered('./browser')).toMatchInlineSnapshot(`
    [
      "browserOptions",
      "browserPage",
      "browserSignals",
      "isOwnPath",
    ]
  `)
})

test('./dpop', async () => {
  expect(await offered('./dpop')).toMatchInlineSnapshot(`
    [
      "dpopKey",
    ]
  `)
})

test('./inspect', async () => {
  expect(await offered('./inspect')).toMatchInlineSnapshot(`
    [
      "inspectSession",
    ]
  `)
})

test('./librechat', async () => {
  expect(await offered('./librechat')).toMatchInlineSnapshot(`
    [
      "backendLogout",
      "cookieStrategy",
      "createOpenidLogins",
      "loginErrorText",
      "loginErrorTexts",
      "openidStrategy",
      "refreshTokenFromCookies",
    ]
  `)
})

test('./librechat-login', async () => {
  expect(await offered('./librechat-login')).toMatchInlineSnapshot(`
    [
      "librechatLogin",
    ]
  `)
})

test('./machine', async () => {
  expect(await offered('./machine')).toMatchInlineSnapshot(`
    [
      "clampDelay",
      "deadlinesOf",
      "nextDeadline",
      "selectSession",
      "sessionMachine",
    ]
  `)
})

test('./oauth-login', async () => {
  expect(await offered('./oauth-login')).toMatchInlineSnapshot(`
    [
      "oauthLogin",
    ]
  `)
})

test('./oauth', async () => {
  expect(await offered('./oauth')).toMatchInlineSnapshot(`
    [
      "createLogins",
      "entraTenants",
      "loginTexts",
      "oauthProfiles",
      "oauthProvider",
      "oauthStrategy",
      "popups",
      "userinfo",
    ]
  `)
})

test('./msw', async () => {
  expect(await offered('./msw')).toMatchInlineSnapshot(`
    [
      "createMockBackend",
      "drivenMockBackend",
    ]
  `)
})

test('./react', async () => {
  expect(await offered('./react')).toMatchInlineSnapshot(`
    [
      "SessionGuard",
      "SessionProvider",
      "reasonTexts",
      "useAccountKey",
      "useExpiryCountdown",
      "useIdleCountdown",
      "useLogout",
      "useReasonText",
      "useSession",
      "useSessionClient",
      "useSessionFetch",
      "useStaySignedIn",
      "useUser",
    ]
  `)
})

test('./react-logins', async () => {
  expect(await offered('./react-logins')).toMatchInlineSnapshot(`
    [
      "SignInGuard",
      "useLoginCallback",
      "useSignIn",
      "useStepUp",
    ]
  `)
})

test('./opentelemetry', async () => {
  expect(await offered('./opentelemetry')).toEqual(['openTelemetry'])
})

test('./recorder', async () => {
  expect(await offered('./recorder')).toEqual(['createRecorder'])
})

test('./redis', async () => {
  expect(await offered('./redis')).toMatchInlineSnapshot(`
    [
      "redisCoordinator",
      "redisServerStore",
    ]
  `)
})

test('./postgres', async () => {
  expect(await offered('./postgres')).toMatchInlineSnapshot(`
    [
      "createTableSql",
      "postgresServerStore",
    ]
  `)
})

test('./sqlite', async () => {
  expect(await offered('./sqlite')).toMatchInlineSnapshot(`
    [
      "sqliteServerStore",
    ]
  `)
})

test('./server', async () => {
  expect(await offered('./server')).toMatchInlineSnapshot(`
    [
      "clientIp",
      "createSessionServer",
      "jsonLines",
      "memoryServerStore",
    ]
  `)
})

test('./node', async () => {
  expect(await offered('./node')).toMatchInlineSnapshot(`
    [
      "toNodeListener",
      "toUpgradeListener",
    ]
  `)
})

test('./refresher', async () => {
  expect(await offered('./refresher')).toEqual(['createRefresher'])
})

test('./backchannel', async () => {
  expect(await offered('./backchannel')).toMatchInlineSnapshot(`
    [
      "backChannelLogout",
    ]
  `)
})

test('./testing', async () => {
  expect(await offered('./testing')).toMatchInlineSnapshot(`
    [
      "bffDriver",
      "chartDriver",
      "coordinatorConformance",
      "createFakeSession",
      "createSessionModel",
      "describeCoverage",
      "instantOf",
      "modelEvents",
      "modelKey",
      "modelSuite",
      "modelTransitions",
      "replayTrace",
      "serverLoginConformance",
      "serverStoreConformance",
      "sessionDriver",
      "sessionStoreConformance",
      "strategyConformance",
      "sumCoverage",
      "virtualClock",
    ]
  `)
})

test('the adapters', async () => {
  const adapters = ['react-admin', 'refine', 'tanstack-query', 'tanstack-router']
  expect(await Promise.all(adapters.map((name) => offered(`./${name}`)))).toMatchInlineSnapshot(`
    [
      [
        "reactAdminAuthProvider",
        "reactAdminDataProvider",
        "reactAdminHttpClient",
        "reactAdminStore",
      ],
      [
        "refineAuthProvider",
      ],
      [
        "connectQueryClient",
        "retryUnlessEnded",
      ],
      [
        "connectRouter",
        "requireSession",
      ],
    ]
  `)
})

test('these are all', () => {
  expect(subpaths).toMatchInlineSnapshot(`
    [
      ".",
      "./backchannel",
      "./bff",
      "./browser",
      "./dpop",
      "./inspect",
      "./librechat",
      "./librechat-login",
      "./machine",
      "./msw",
      "./node",
      "./oauth",
      "./oauth-login",
      "./opentelemetry",
      "./postgres",
      "./react",
      "./react-admin",
      "./react-logins",
      "./recorder",
      "./redis",
      "./refine",
      "./refresher",
      "./schemas",
      "./server",
      "./sqlite",
      "./tanstack-query",
      "./tanstack-router",
      "./testing",
    ]
  `)
})
