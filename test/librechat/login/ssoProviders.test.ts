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
    providers().then((told) => {
      page.told = told
    })
    await flush()
    return page
  }
  return { clock, waiting, answer, asked }
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
