import { expect, test, vi } from 'vitest'
import { error, loggedIn, stubApi } from './fixture.ts'

vi.mock('#browser', () => import('../../src/platform/inBrowser.ts'))

async function answered(answer: Response) {
  const api = stubApi(() => answer)
  const { session } = await loggedIn({ fetch: api.fetch })
  return { session, calls: api.calls }
}

const hidden = () => Object.defineProperty(Response.error(), 'type', { value: 'opaqueredirect' })
const told = (status: number) => new Response(null, { status, headers: { location: '/there' } })

test.each([
  ['that hides its target', hidden],
  ['of a fetch that tells it', () => told(302)],
])('X5 a page built for browsers follows no redirect with a bearer: one %s', async (_, answer) => {
  const { session, calls } = await answered(answer())
  await expect(session.fetch('/go')).rejects.toMatchObject(
    error('redirect_blocked', { message: expect.stringContaining('final URL') }),
  )
  expect(calls.map(({ redirect }) => redirect)).toEqual(['manual'])
})

test.each([304, 404])('%d is none, whatever its location says', async (status) => {
  const { session } = await answered(told(status))
  expect((await session.fetch('/go')).status).toBe(status)
})

test('redirect: "manual" hands out the redirect', async () => {
  const { session } = await answered(told(302))
  expect((await session.fetch('/go', { redirect: 'manual' })).status).toBe(302)
})
