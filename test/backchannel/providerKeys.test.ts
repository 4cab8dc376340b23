import { exportJWK, type FlattenedJWSInput, generateKeyPair } from 'jose'
import { expect, test, vi } from 'vitest'
import { providerKeys } from '../../src/backchannel/providerKeys.ts'
import { fakeClock } from '../fakeClock.ts'

const { publicKey } = await generateKeyPair('ES256')
const keySet = async (...kids: string[]) =>
  Response.json({
    keys: await Promise.all(kids.map(async (kid) => ({ ...(await exportJWK(publicKey)), kid }))),
  })

/** Looks keys up at a provider that answers in turn as is said; the last answer stays. */
function lookup(...answers: (() => Promise<Response>)[]) {
  const clock = fakeClock()
  const fetch = vi.fn<typeof globalThis.fetch>(
    () => (answers.length > 1 ? answers.shift() : answers[0])?.() as never,
  )
  const keys = providerKeys(new URL('https://idp.example/keys'), clock, fetch)
  const find = async (kid: string) => keys({ alg: 'ES256', kid }, {} as FlattenedJWSInput)
  return { clock, fetch, find }
}

const MISSING = { code: 'ERR_JWKS_NO_MATCHING_KEY' }
const FRESH_MS = 600_000
const PAUSE_MS = 30_000

test('L48: keys are asked for as a key set, from nobody else and past every cache, and serve for ten minutes', async () => {
  const { clock, fetch, find } = lookup(() => keySet('a'))
  await find('a')
  await find('a')
  const init = {
    redirect: 'manual',
    cache: 'no-store',
    headers: { accept: expect.stringMatching(/^application\/jwk-set\+json\b/) },
  }
  expect(fetch).toHaveBeenCalledExactlyOnceWith(
    new URL('https://idp.example/keys'),
    expect.objectContaining(init),
  )
  expect(clock.pending()).toEqual([])
  clock.advance(FRESH_MS - 1)
  await find('a')
  expect(fetch).toHaveBeenCalledTimes(1)
  clock.advance(1)
  await find('a')
  expect(fetch).toHaveBeenCalledTimes(2)
})

test('L28: an unknown key asks again after half a minute, not before', async () => {
  const { clock, fetch, find } = lookup(() => keySet('a'))
  await find('a')
  clock.advance(PAUSE_MS - 1)
  await expect(find('b')).rejects.toMatchObject(MISSING)
  expect(fetch).toHaveBeenCalledTimes(1)
  clock.advance(1)
  await expect(find('b')).rejects.toMatchObject(MISSING)
  expect(fetch).toHaveBeenCalledTimes(2)
})

test('L48: those who wait for the first keys wait for one answer', async () => {
  const { fetch, find } = lookup(() => keySet('a', 'b'))
  await Promise.all([find('a'), find('b')])
  expect(fetch).toHaveBeenCalledTimes(1)
})

test.each([
  ['another status', async () => new Response((await keySet('b')).body, { status: 500 })],
  ['too much', async () => new Response(`{"keys":[]}${' '.repeat(20_000_000)}`)],
  ['no keys', async () => Response.json({})],
  ['no answer', () => Promise.reject(new TypeError('away'))],
])('L48: %s: nothing can be judged by new keys, and the old ones stay', async (_, answer) => {
  const without = lookup(answer)
  await expect(without.find('b')).rejects.toThrow('The keys of the provider could not be read.')
  // Without keys nobody need wait before the provider is asked again.
  await expect(without.find('b')).rejects.toThrow('The keys of the provider could not be read.')
  expect(without.fetch).toHaveBeenCalledTimes(2)

  const { clock, fetch, find } = lookup(() => keySet('a'), answer)
  await find('a')
  clock.advance(PAUSE_MS)
  for (let n = 0; n < 2; n++)
    await expect(find('b')).rejects.toThrow('The keys of the provider could not be read again.')
  expect(fetch).toHaveBeenCalledTimes(2)
  await find('a')
})

test('L48: a provider that does not answer is given five seconds', async () => {
  const { clock, find, fetch } = lookup(() => new Promise(() => {}))
  const asked = find('a')
  asked.catch(() => {})
  await vi.waitFor(() => expect(clock.pending()).toEqual([{ inMs: 5_000, kind: 'foreground' }]))
  const signal = fetch.mock.calls[0]?.[1]?.signal
  clock.advance(4_999)
  expect(signal?.aborted).toBe(false)
  clock.advance(1)
  expect(signal?.aborted).toBe(true)
})
