import { describe, expect, onTestFinished, test } from 'vitest'
import { createSession } from 'xstate-session'
import { oauthStrategy } from 'xstate-session/oauth'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { httpServer } from '../wire/loopback.ts'

const known = {
  id: 'ada',
  email: 'ada@x.example',
  name: 'Ada',
  role: 'ADMIN',
  avatar: 'https://x.example/a.png',
}

/** An answer to a refresh, over a real connection, for a session whose login told all of `known`. */
async function refreshed(
  answer: (url: string) => object,
  strategyOf: (url: string) => ReturnType<typeof openidStrategy>,
) {
  const { baseUrl } = await httpServer((_, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer(baseUrl.slice(0, -1))))
  })
  const told: string[] = []
  const session = createSession({
    baseUrl,
    strategies: { one: strategyOf(baseUrl.slice(0, -1)) },
    observe: (notice) => told.push(notice.type === 'changed' ? notice.what : notice.type),
  })
  onTestFinished(() => session.dispose())
  await session.login({ token: 'B1', refreshToken: 'R1', user: known }, { provider: 'one' })
  await session.refresh()
  return { session, told }
}

const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const now = () => Math.floor(Date.now() / 1000)
const grant = (claims: object) => (iss: string) => ({
  access_token: 'B2',
  token_type: 'bearer',
  expires_in: 900,
  id_token: `${part({ alg: 'RS256' })}.${part({ iss, aud: 'spa', iat: now(), exp: now() + 60, ...claims })}.eA`,
})
const oauth = (user?: (claims: { sub: string }) => { id: string }) => (issuer: string) =>
  oauthStrategy({
    server: { issuer, token_endpoint: `${issuer}/token` },
    clientId: 'spa',
    ...(user && { user }),
  })

describe('what a refresh says of the user', () => {
  test('U46: an ID token that repeats only `sub` takes nothing away', async () => {
    const { session, told } = await refreshed(grant({ sub: 'ada' }), oauth())
    expect(session.getSnapshot().user).toEqual(known)
    expect(told).not.toContain('profile')
  })

  test('U46: what it does say is taken over', async () => {
    const { session, told } = await refreshed(grant({ sub: 'ada', name: 'Ada Lovelace' }), oauth())
    expect(session.getSnapshot().user).toEqual({ ...known, name: 'Ada Lovelace' })
    expect(told).toContain('profile')
  })

  test('U46: a mapping of one’s own may say less, too', async () => {
    const { session } = await refreshed(
      grant({ sub: 'ada' }),
      oauth(({ sub }) => ({ id: sub })),
    )
    expect(session.getSnapshot().user).toEqual(known)
  })

  test('U46: another user is still another user', async () => {
    const { session } = await refreshed(grant({ sub: 'eve' }), oauth()).catch((error) => ({ session: error }))
    expect(session).toMatchObject({ reason: 'identityMismatch' })
  })

  test('U46: LibreChat tells the whole user: what it leaves out is gone', async () => {
    const answer = () => ({ token: 'B2', refreshToken: 'R2', user: { id: 'ada', name: 'Ada' } })
    const { session, told } = await refreshed(answer, () => openidStrategy())
    expect(session.getSnapshot().user).toEqual({ id: 'ada', name: 'Ada' })
    expect(told).toContain('profile')
  })
})
