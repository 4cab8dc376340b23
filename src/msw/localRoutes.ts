import { HttpResponse } from 'msw'
import { type Answer, authenticate, type Context, fieldsOf } from './context.ts'
import type { MockRoute } from './failures.ts'
import { mintToken, readToken } from './tokens.ts'
import { type MockUser, userDocument } from './users.ts'

const TEMP_SECRET = 'temporary'
const TEMP_LIFE_MS = 300_000
const COOKIES = ['refreshToken', 'openid_access_token', 'openid_id_token', 'openid_user_id', 'token_provider']

type LocalRoute = Extract<MockRoute, 'login' | 'twoFactor' | 'cookieRefresh' | 'logout'>

/** The routes of the login by e-mail and password: login, second factor, refresh by cookie, and logout. */
export function localRoutes(context: Context): Record<LocalRoute, Answer> {
  const { users, credentials, now } = context
  const message = (status: number, text: string) => HttpResponse.json({ message: text }, { status })
  const page = (status: number, text: string) => HttpResponse.html(text, { status })

  function loggedIn(user: MockUser, { token, endsAt }: { token: string; endsAt: number }): Response {
    const attributes = `Path=/; Expires=${new Date(endsAt).toUTCString()}; HttpOnly; SameSite=Strict`
    const headers = new Headers()
    headers.append('set-cookie', `refreshToken=${token}; ${attributes}`)
    headers.append('set-cookie', `token_provider=librechat; ${attributes}`)
    return HttpResponse.json({ token: credentials.bearer(user), user: userDocument(user) }, { headers })
  }

  return {
    async login({ request }) {
      const { email, password } = await fieldsOf(request)
      if (!email || !password) return message(404, 'Missing credentials')
      const user = users.find((user) => user.provider === 'local' && user.email === email)
      if (!user) return message(404, 'Email does not exist.')
      if (user.password !== password) return message(404, 'Incorrect password.')
      if (!user.admin) return message(403, 'Forbidden')
      if (!user.twoFactorCode) return loggedIn(user, credentials.openLocal(user))
      const tempToken = mintToken({ id: user.id, endsAt: now() + TEMP_LIFE_MS }, TEMP_SECRET)
      return HttpResponse.json({ twoFAPending: true, tempToken })
    },

    async twoFactor({ request }) {
      const { tempToken, token } = await fieldsOf(request)
      if (typeof tempToken !== 'string' || !tempToken) return message(400, 'Missing temporary token')
      const claims = readToken(tempToken, TEMP_SECRET)
      if (!claims || Number(claims.endsAt) <= now()) return message(401, 'Invalid or expired temporary token')
      const user = users.find(({ id }) => id === claims.id)
      if (!user?.twoFactorCode) return message(400, '2FA is not enabled for this user')
      if (user.twoFactorCode !== token) return message(401, 'Invalid 2FA code or backup code')
      return loggedIn(user, credentials.openLocal(user))
    },

    cookieRefresh({ request, cookies }) {
      const sent = cookies.refreshToken
      if (!sent) return page(200, 'Refresh token not provided')
      const session = credentials.readLocal(sent)
      if (!session) return page(403, 'Invalid refresh token')
      const user = users.find(({ id }) => id === session.userId)
      // LibreChat's handler sets 401 and then redirects, and Express makes a 302 of it.
      if (!user)
        return HttpResponse.text('Found. Redirecting to /login', {
          status: 302,
          headers: { location: '/login' },
        })
      const renewed = credentials.renewLocal(session.sessionId, sent)
      if (renewed) return loggedIn(user, renewed)
      return new URL(request.url).searchParams.get('retry')
        ? page(403, 'No session found')
        : page(401, 'Refresh token expired or not found for this user')
    },

    logout({ request, cookies }) {
      const user = authenticate(context, request)
      if (user instanceof Response) return user
      const sent = cookies.refreshToken
      credentials.closeLocal(user.id, sent ? credentials.readLocal(sent)?.sessionId : undefined)
      const headers = new Headers()
      for (const name of COOKIES) {
        headers.append('set-cookie', `${name}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT`)
      }
      return HttpResponse.json({ message: 'Logout successful' }, { headers })
    },
  }
}
