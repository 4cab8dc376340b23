// server.tsx
import { renderToString } from 'react-dom/server'
import { createBffSession } from 'xstate-session/bff'
import type { SessionServer } from 'xstate-session/server'
import { Panel } from './panel.tsx'

export async function renderPage(request: Request, server: SessionServer): Promise<Response> {
  const cookie = request.headers.get('cookie') ?? ''
  const answer = await server.handle(new Request(new URL('/session/', request.url), { headers: { cookie } }))
  if (answer.status !== 200 && answer.status !== 401)
    return new Response('Please try again.', { status: 503 })
  const facts = answer.status === 200 ? await answer.json() : null // 401: nobody is logged in

  const { origin, pathname } = new URL(request.url)
  const session = createBffSession({ baseUrl: origin, facts })
  const markup = renderToString(<Panel session={session} path={pathname} />)
  session.dispose()

  const written = JSON.stringify(facts).replaceAll('<', '\\u003c') // so that no user name can end the script
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy':
      "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    'cross-origin-opener-policy': 'same-origin', // no script of this page can see where a window of another site goes
  })
  for (const line of answer.headers.getSetCookie()) headers.append('set-cookie', line)
  return new Response(
    `<!doctype html><title>Panel</title><div id="panel">${markup}</div>` +
      `<script type="application/json" id="facts">${written}</script>` +
      '<script type="module" src="/page.js"></script>',
    { headers },
  )
}
