import { expect, onTestFinished, test } from 'vitest'
import { createSession } from 'xstate-session'
import { cookieStrategy, openidStrategy } from 'xstate-session/librechat'
import { onPort } from '../server/onPort.ts'

const bearerOf = (n: number) => `e30.${btoa(JSON.stringify({ iat: n, exp: 9e9 })).replaceAll('=', '')}.c2ln`

/** A user whose document holds a picture, as a data URL of so many bytes. */
const userOf = (bytes: number) => ({
  id: 'u',
  name: 'Admin',
  avatar: `data:image/png;base64,${'A'.repeat(bytes)}`,
})

test.each([
  [70_000, 'openid'],
  [300_000, 'openid'],
  [900_000, 'openid'],
  [900_000, 'librechat'],
] as const)(
  'U11: a picture of %d bytes in the user costs no %s session its refresh',
  async (bytes, provider) => {
    const user = userOf(bytes)
    let version = 1
    const { url } = await onPort((_, outgoing) => {
      version++
      outgoing.writeHead(200, {
        'content-type': 'application/json',
        'set-cookie': `refreshToken=r${version}; Path=/`,
      })
      outgoing.end(JSON.stringify({ token: bearerOf(version), refreshToken: `r${version}`, user }))
    })
    const session = createSession({
      baseUrl: url,
      strategies: { openid: openidStrategy(), librechat: cookieStrategy() },
      refresh: 'onDemand',
    })
    onTestFinished(() => session.dispose())
    await session.login({ token: bearerOf(1), refreshToken: 'r1', user }, { provider })
    await session.refresh()
    expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2 })
    expect(await session.getToken()).toBe(bearerOf(2))
    expect(session.getSnapshot().user).toMatchObject({ name: 'Admin' })
  },
)
