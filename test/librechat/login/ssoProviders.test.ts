import { expect, test } from 'vitest'
import { ssoProviders } from '../../../src/librechat/login/ssoProviders.ts'
import { fakeClock } from '../../fakeClock.ts'

const flush = () => new Promise<void>((resolve) => setImmediate(resolve))

/** A backend that answers when it is told to. */
function backend() {
  const clock = fakeClock()
  const waiting: ((answer: Response) => void)[] = []
  const providers = ssoProviders(
    {
      baseUrl: 'https://librechat.example/',
      origin: 'https://panel.example',
      clock,
      attemptTimeoutMs: 25_000,
      fetch: () => new Promise((resolve) => waiting.push(resolve)),
      limiter: undefined,
    },
    false,
  )
  const answer = async (status: number, body: object) => {
    waiting.shift()?.(Response.json(body, { status }))
    await flush()
  }
  /** What a login page is told, and not before. */
  async function asked() {
    const page = { told: undefined as readonly string[] | undefined }
    providers.list().then((told) => {
      page.told = told
    })
    await flush()
    return page
  }
  /** What a user who has clicked is told: that the login may begin, or why not. */
  async function clicked(provider = 'openid') {
    const user = { told: undefined as string | undefined }
    providers.assertReady(provider).then(
      () => {
        user.told = 'go'
      },
      ({ reason }) => {
        user.told = reason
      },
    )
    await flush()
    return user
  }
  return { clock, waiting, answer, asked, clicked }
}

test('a backend that hangs holds a login page for two seconds, and is heard when it answers', async () => {
  const { clock, waiting, answer, asked } = backend()
  const first = await asked()
  clock.advance(1_999)
  await flush()
  expect(first.told).toBe(undefined)
  const second = await asked()
  clock.advance(1)
  await flush()
  expect(first.told).toEqual(['openid'])
  expect(second.told).toBe(undefined)
  expect(waiting).toHaveLength(1)
  // The question goes on: its answer is that of whoever waits, and of all who come then.
  await answer(404, { error_code: 'OPENID_NOT_CONFIGURED' })
  expect(second.told).toEqual([])
  expect((await asked()).told).toEqual([])
  expect(clock.pending()).toEqual([])
})

test('what is known is told at once, whatever the next question comes to', async () => {
  const { clock, waiting, answer, asked } = backend()
  const first = await asked()
  await answer(404, { error_code: 'OPENID_NOT_CONFIGURED' })
  expect(first.told).toEqual([])
  clock.advance(60_000)
  expect((await asked()).told).toEqual([])
  expect(waiting).toHaveLength(1)
})

test.each([
  [200, { message: 'OpenID check successful' }, 'go'],
  [404, { error_code: 'OPENID_NOT_CONFIGURED' }, 'openid_not_configured'],
  [500, { message: 'oops' }, 'backend_unavailable'],
  [502, {}, 'backend_unavailable'],
  // An older backend, a ban, an access proxy that lets browsers pass: none of them proves that the login will fail.
  [404, { message: 'Not Found' }, 'go'],
  [403, { message: 'Forbidden' }, 'go'],
  [429, {}, 'go'],
])('U86: a user who clicks is told what the backend answers: %i %j, %s', async (status, body, told) => {
  const { clock, answer, clicked } = backend()
  const user = await clicked()
  expect(user.told).toBe(undefined)
  await answer(status, body)
  expect(user.told).toBe(told)
  expect(clock.pending()).toEqual([])
})

test('U86: without OpenID a login with Google begins', async () => {
  const { answer, clicked } = backend()
  const user = await clicked('google')
  await answer(404, { error_code: 'OPENID_NOT_CONFIGURED' })
  expect(user.told).toBe('go')
})

test('U86: who clicks waits for eight seconds; clicks share an open question, and a later one asks again', async () => {
  const { clock, waiting, answer, clicked } = backend()
  const [first, second] = [await clicked(), await clicked()]
  clock.advance(8_000)
  await flush()
  expect([first.told, second.told]).toEqual(['backend_timeout', 'backend_timeout'])
  expect(waiting).toHaveLength(1)
  const third = await clicked()
  await answer(200, { message: 'OpenID check successful' })
  expect(third.told).toBe('go')
  // What was true a moment ago is no answer to a click.
  await clicked()
  expect(waiting).toHaveLength(1)
})
