import { once } from 'node:events'
import { createServer } from 'node:http'
import { ClientSecretBasic } from 'oauth4webapi'
import { backChannelLogout } from '../../src/backchannel/backChannelLogout.ts'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { toNodeListener } from '../../src/node/toNodeListener.ts'
import { oauthLogin } from '../../src/oauth/oauthLogin.ts'
import { oauthProvider } from '../../src/oauth/oauthProvider.ts'
import { createSessionServer } from '../../src/server/createSessionServer.ts'
import type { ServerNotice } from '../../src/server/notice.ts'
import { type Party, SERVER, type UserAgent } from './party.ts'
import { createUserAgent } from './userAgent.ts'

/** What a session of a server was seen to do at a provider. */
export interface MeasuredServer {
  readonly server: string
  readonly backChannel: string
}

const PATIENCE_MS = 5_000

/** A server that logs users in at the provider, on its own port, as a confidential client. */
async function startServer(
  { issuer, places, scope, hasLogoutExp }: Party,
  jwks: URL | undefined,
  clock: Clock,
) {
  const notices: ServerNotice[] = []
  const server = createSessionServer({
    publicUrl: places.server,
    secrets: ['a secret that is long enough for this run'],
    logins: {
      party: oauthLogin({
        server: issuer,
        clientId: SERVER.id,
        clientAuth: ClientSecretBasic(SERVER.secret),
        scope,
        postLogoutRedirectUri: places.server,
        ...(jwks && {
          backChannelLogout: backChannelLogout({
            issuer,
            clientId: SERVER.id,
            jwks,
            requiresExp: hasLogoutExp,
          }),
        }),
      }),
    },
    clock,
    idleTimeoutMs: 86_400_000,
    observe: (notice) => notices.push(notice),
  })
  const { origin, port } = new URL(places.server)
  const listener = createServer(toNodeListener(server.handle, { origin }))
  listener.listen(Number(port), '127.0.0.1')
  await once(listener, 'listening')
  return {
    notices,
    close() {
      listener.closeAllConnections()
      listener.close()
    },
  }
}

/** Runs a server's login, renewal, logout, and a logout at the provider, against one provider. */
export async function measureServer(party: Party): Promise<MeasuredServer> {
  const { issuer, places } = party
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
  const jwks = metadata.backchannel_logout_supported ? new URL(metadata.jwks_uri) : undefined
  let passedMs = 0
  const pass = (ms: number) => {
    passedMs += ms
  }
  const clock: Clock = {
    ...systemClock,
    wall: () => systemClock.wall() + passedMs,
    monotonic: () => systemClock.monotonic() + passedMs,
  }
  const { notices, close } = await startServer(party, jwks, clock)
  const at = (path: string) => new URL(path, places.server)

  async function post(agent: UserAgent, path: string, login: string, body: object = {}) {
    return agent.call(at(path), {
      method: 'POST',
      headers: {
        accept: 'application/json',
        'content-type': 'application/json',
        origin: new URL(places.server).origin,
        'x-csrf': login,
      },
      body: JSON.stringify(body),
    })
  }
  const factsOf = async (agent: UserAgent) => {
    const answer = await agent.call(at('session/'))
    const said = (await answer.json()) as {
      login?: string
      version?: number
      expiresAt?: number
      reason?: string
    }
    return { ...said, status: answer.status }
  }

  async function login(agent = createUserAgent()) {
    const begun = await post(agent, 'session/login/start', '1', { returnTo: '/users', loginHint: 'ada' })
    const { location } = (await begun.json()) as { location: string }
    const end = await agent.visit(new URL(location), [at('users').href, at('login').href])
    const facts = await factsOf(agent)
    if (end.pathname !== '/users' || facts.status !== 200) throw new Error(`the login ends at ${end.href}`)
    return { agent, facts, name: String(facts.login) }
  }

  async function lifeOf(): Promise<string> {
    const { agent, facts, name } = await login()
    pass(Number(facts.expiresAt) - clock.wall() - 5_000)
    const renewals = await Promise.all([1, 2, 3].map(() => post(agent, 'session/refresh', name)))
    const after = await factsOf(agent)
    const isRenewed = renewals.every(({ status }) => status === 200) && after.version !== facts.version
    const left = (await (await post(agent, 'session/logout', name)).json()) as { redirect?: string }
    const on = left.redirect && (await agent.call(at(left.redirect))).headers.get('location')
    const end = on && (await agent.visit(new URL(on), [places.server]))
    const isOut = (await factsOf(agent)).status === 401
    return [
      'logs in',
      isRenewed ? 'renews' : 'does not renew',
      isOut ? 'logs out' : 'does not log out',
      end
        ? end.href === places.server
          ? 'and comes back from the provider'
          : `and stays at ${end.pathname}`
        : '',
    ]
      .filter(Boolean)
      .join(', ')
  }

  /** Another client of the provider logs the user out there. */
  async function logoutElsewhere(): Promise<string> {
    if (!jwks) return 'none offered'
    const { agent } = await login()
    const bystander = await login()
    const page = oauthProvider({
      server: issuer,
      clientId: 'panel',
      redirectUri: party.redirectUri,
      postLogoutRedirectUri: party.postLogoutRedirectUri,
      scope: party.scope,
    })
    const line = { signal: AbortSignal.timeout(20_000) }
    const { location, attempt } = await page.logins.begin({ loginHint: 'ada' }, line)
    const callback = await agent.visit(location, [party.redirectUri])
    const grant = await page.logins.finish(attempt, callback.searchParams, line, () => {})
    const out = await page.logins.endSession(grant.idToken, line)
    if (!out) return 'the provider has no logout'
    await agent.visit(out, [party.postLogoutRedirectUri])
    const until = Date.now() + PATIENCE_MS
    let facts = await factsOf(agent)
    while (facts.status === 200 && Date.now() < until) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      facts = await factsOf(agent)
    }
    if (facts.status === 200) {
      const refused = notices.some((n) => n.type === 'turnedAway' && n.code === 'backChannelLogout')
      return refused ? 'its logout token is refused' : 'no logout comes'
    }
    const other = (await factsOf(bystander.agent)).status === 200 ? 'lives on' : 'has ended, too'
    const without = party.hasLogoutExp ? '' : ', by a token without `exp`'
    return `the session of that browser ends${without}; the same user's in another browser ${other}`
  }

  try {
    return { server: await lifeOf(), backChannel: await logoutElsewhere() }
  } finally {
    close()
  }
}
