import { request, type WireRequest } from '../wire/request.ts'
import { logoutConfirmation } from './logoutConfirmation.ts'

/**
 * `POST {baseUrl}api/auth/logout` with the bearer, and with other names of the session. Resolves to whether the backend
 * confirmed it.
 */
export async function logoutAtBackend(
  session: Pick<WireRequest, 'signal' | 'fetch' | 'credentials'> & {
    readonly baseUrl: string
    readonly bearer: string
    readonly cookie?: string | undefined
  },
): Promise<boolean> {
  const { baseUrl, bearer, cookie, ...rest } = session
  const result = await request({
    ...rest,
    url: `${baseUrl}api/auth/logout`,
    method: 'POST',
    headers: {
      authorization: `Bearer ${bearer}`,
      ...(cookie ? { cookie } : {}),
    },
  })
  return logoutConfirmation(result) !== undefined
}
