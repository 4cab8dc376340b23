import { expect, onTestFinished, test, vi } from 'vitest'
import { behind } from './fixture.ts'

test.each([
  ['/session/callback/staff?code=c&state=s', true],
  ['/session/login/start', true],
  ['/session', false],
  ['/sessions/', false],
  ['/', false],
])(
  'L63: a page that is loaded at an address of the server says so, without the code: %s',
  async (path, isTold) => {
    vi.stubGlobal('location', new URL(path, 'https://chat.example'))
    const { told, found } = behind()
    vi.unstubAllGlobals()
    await found()
    const url = `https://chat.example${path.replace(/\?.*/, '')}`
    const what = { type: 'warning', code: 'serverMissing', url, status: 200, contentType: 'text/html' }
    expect(told('warning')).toEqual(isTold ? [expect.objectContaining(what)] : [])
  },
)

test('a login by redirect comes back to where it began, with query and fragment', async () => {
  vi.stubGlobal('location', new URL('https://chat.example/users?page=2#last'))
  onTestFinished(() => void vi.unstubAllGlobals())
  const { api, server, session, found } = behind({ navigate: () => {} })
  server.session = null
  server.failing = () => Response.json({ location: 'https://id.example/' })
  await found()
  await session.loginWithRedirect()
  expect(JSON.parse(api.calls.at(-1)?.body ?? '')).toEqual({ returnTo: '/users?page=2#last' })
})
