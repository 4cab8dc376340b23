import { randomBytes } from 'node:crypto'

/**
 * What a page says about itself: nobody adds to it, frames it or opens it. Every page of a panel needs the two policies:
 * docs/security.md says what a script could do without them.
 */
const headersOf = (nonce: string) => ({
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; script-src 'nonce-${nonce}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
})

const escaped = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)

/** A page that stands for the panel: who is logged in; or a button, for a link begins no login. */
export function standInPage(name: string | undefined): Response {
  const nonce = randomBytes(16).toString('base64')
  const content =
    name === undefined
      ? `<p>Nobody is logged in.</p><button>Sign in with OpenID</button>
<script nonce="${nonce}">
  document.querySelector('button').onclick = async () => {
    const answer = await fetch('/session/login/start', { method: 'POST', headers: { 'x-csrf': '1' } })
    if (answer.ok) location.assign((await answer.json()).location)
  }
</script>`
      : `<p>Logged in as ${escaped(name)}.</p>`
  return new Response(`<!doctype html><html lang="en"><title>Panel</title>${content}</html>\n`, {
    headers: headersOf(nonce),
  })
}
