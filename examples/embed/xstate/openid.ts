// openid.ts
import type { LoginAnswer } from 'xstate-session'

/** The backend sends the browser back to `ADMIN_PANEL_URL` and this path. */
const CALLBACK = '/auth/openid/callback'

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

/** Sends the browser to the identity provider. The code that comes back is worth nothing without the verifier (PKCE). */
export async function startLogin(backend: string): Promise<void> {
  const verifier = hex(crypto.getRandomValues(new Uint8Array(32)))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  sessionStorage.setItem('login', JSON.stringify({ verifier, returnTo: location.pathname }))
  location.assign(`${backend}/api/admin/oauth/openid?code_challenge=${hex(new Uint8Array(digest))}`)
}

/** Finishes a login: the backend's answer, or `undefined` if this page is no callback. */
export async function finishLogin(backend: string): Promise<LoginAnswer | undefined> {
  if (location.pathname !== CALLBACK) return undefined
  const code = new URLSearchParams(location.search).get('code')
  const { verifier, returnTo = '/' } = JSON.parse(sessionStorage.getItem('login') ?? '{}')
  sessionStorage.removeItem('login')
  // The code works once. Remove it from the address all the same.
  history.replaceState(null, '', returnTo)
  if (!code || !verifier) return undefined
  const answer = await fetch(`${backend}/api/admin/oauth/exchange`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code, code_verifier: verifier }),
  })
  return answer.ok ? answer.json() : undefined
}
