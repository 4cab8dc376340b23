import { librechatLogin } from '../../src/librechat/login/librechatLogin.ts'
import { type ApiTarget, createRoutes } from '../../src/server/routes.ts'
import { runLogins } from '../../src/server/runLogins.ts'
import { loginHost } from './loginHost.ts'

const BASE = 'https://chat.example/'

/** What a panel at `base` may call of a LibreChat backend: where a call goes, below the backend's base URL. */
export function librechatRoutes(api: Readonly<Record<string, readonly string[] | ApiTarget>>, base: string) {
  const logins = runLogins({ librechat: librechatLogin({ baseUrl: BASE }) }, loginHost)
  const { match } = createRoutes(api, base, logins, loginHost('').urlOf)
  return (url: URL, method: string) => {
    const route = match(url, method)
    return route && { path: route.url.slice(BASE.length) }
  }
}
