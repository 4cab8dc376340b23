/** Runs the sources in a thread that has no document, no window, and none of what only Node has besides. */
import { registerHooks } from 'node:module'
import { parentPort } from 'node:worker_threads'

const root = new URL('../../', import.meta.url)
/** As a bundler for a worker resolves what the package imports by its own names. */
const platform: Readonly<Record<string, string>> = {
  '#browser': 'src/platform/elsewhere.ts',
  '#development': 'src/platform/development.ts',
  '#transport': 'src/platform/transport.ts',
}
registerHooks({
  resolve: (name, context, next) => next(platform[name] ? new URL(platform[name], root).href : name, context),
})

const { createElement } = await import('react')
const { renderToReadableStream } = await import('react-dom/server.edge')
for (const name of ['process', 'setImmediate', 'navigator', 'global', 'window', 'document'])
  Object.defineProperty(globalThis, name, { value: undefined })

const { createBffSession } = await import('../../src/exports/bff.ts')
const { SessionGuard, SessionProvider, useExpiryCountdown, useLogout, useStaySignedIn, useUser } =
  await import('../../src/exports/react.ts')

function Page() {
  useLogout()
  useStaySignedIn()
  const seconds = useExpiryCountdown()
  return createElement('p', null, `${useUser()?.id} ${seconds}`)
}

const session = createBffSession({
  baseUrl: 'https://admin.example',
  facts: {
    user: { id: 'ada' },
    login: 'A'.repeat(43),
    epoch: 1,
    version: 1,
    expiresAt: 900_000,
    serverNow: 0,
  },
  fetch: async (input) =>
    String(input).endsWith('/session/logout') ? Response.json({}) : new Response('served'),
})
const page = createElement(
  SessionProvider,
  { session },
  createElement(SessionGuard, null, createElement(Page)),
)
const html = await new Response(await renderToReadableStream(page)).text()
const answer = await session.fetch('/api/x')
const served = await answer.text()
await session.logout()
session.dispose()
parentPort?.postMessage({ html, served, state: session.getSnapshot().state })
