import { expect, test, vi } from 'vitest'
import { oauthProvider } from '../../src/oauth/oauthProvider.ts'
import { createSession } from '../../src/session/createSession.ts'
import { createLogins } from '../../src/signin/createLogins.ts'

vi.mock('#development', () => import('../../src/platform/production.ts'))

test('L13: in production, too, two providers with one callback are refused: it may come from a configuration', () => {
  const at = (server: string, path: string) =>
    oauthProvider({ server, clientId: 'panel', redirectUri: `https://panel.example/${path}` })
  const begin = (path: string) => {
    const providers = { a: at('https://a.example', 'cb'), b: at('https://b.example', path) }
    const session = createSession({ baseUrl: 'https://chat.example', strategies: providers })
    return createLogins(session, providers)
  }
  expect(() => begin('cb')).toThrow(expect.objectContaining({ code: 'misconfigured' }))
  expect(() => begin('cb/b')).not.toThrow()
})
