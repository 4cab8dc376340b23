import { describe, expect, test } from 'vitest'
import { clientIp } from 'xstate-session/server'
import { accounts } from '../../examples/backend/accounts.ts'
import { browser } from './browser.ts'
import { PANEL, world } from './world.ts'

const asked = (forwarded?: string) =>
  new Request('https://admin.example/', forwarded ? { headers: { 'x-forwarded-for': forwarded } } : {})

describe('the address of the client', () => {
  test.each([
    { hops: 0, forwarded: '6.6.6.6', remote: '192.0.2.1', is: '192.0.2.1' },
    { hops: 1, forwarded: '6.6.6.6, 198.51.100.7', remote: '10.0.0.1', is: '198.51.100.7' },
    { hops: 2, forwarded: '6.6.6.6, 198.51.100.7,10.0.0.2', remote: '10.0.0.1', is: '198.51.100.7' },
    { hops: 1, forwarded: undefined, remote: '10.0.0.1', is: undefined },
    { hops: 2, forwarded: '6.6.6.6', remote: '10.0.0.1', is: undefined },
    { hops: 3, forwarded: '6.6.6.6', remote: '10.0.0.1', is: undefined },
    { hops: 1, forwarded: '198.51.100.7:4711', remote: '10.0.0.1', is: '198.51.100.7' },
    { hops: 1, forwarded: '[2001:db8::7]:4711', remote: '10.0.0.1', is: '2001:db8::7' },
    { hops: 1, forwarded: '2001:db8::7', remote: '10.0.0.1', is: '2001:db8::7' },
    { hops: 0, forwarded: undefined, remote: '::ffff:192.0.2.1', is: '192.0.2.1' },
    { hops: 1, forwarded: 'unknown', remote: '10.0.0.1', is: undefined },
    { hops: 1, forwarded: '999.1.1.1', remote: '10.0.0.1', is: undefined },
    { hops: 1, forwarded: ':::::', remote: '10.0.0.1', is: undefined },
  ])('$hops trusted hops, "$forwarded", from $remote: $is', ({ hops, forwarded, remote, is }) => {
    expect(clientIp(hops)(asked(forwarded), { remoteAddress: remote })).toBe(is)
  })

  test('a number of hops that is none is refused', () => {
    for (const hops of [-1, 1.5, Number.NaN]) expect(() => clientIp(hops)).toThrow('trustedHops')
  })

  test('what a client writes into X-Forwarded-For itself does not reach the backend', async () => {
    const { serve } = await world()
    const told: (string | null)[] = []
    const { server } = serve({
      forwardClientIp: clientIp(1),
      fetch(input, init) {
        told.push(new Request(input, init).headers.get('x-forwarded-for'))
        return fetch(input, init)
      },
    })
    const page = browser((request) => server.handle(request, { remoteAddress: '10.0.0.1' }), PANEL)
    const { email, password } = accounts.localAdmin
    const headers = { 'x-forwarded-for': '6.6.6.6, 198.51.100.7' }
    expect((await page.post('/session/login', { email, password }, { headers })).status).toBe(200)
    expect(told[0]).toBe('198.51.100.7')
  })
})
