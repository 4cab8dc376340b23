import { describe, expect, test } from 'vitest'
import { backendLogout } from '../../src/librechat/backendLogout.ts'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import { attempt, fakeFetch, json, page, TOKEN } from '../strategies/attempt.ts'

const strategy = openidStrategy()
const answered = (response: () => Response, options = {}) =>
  openidStrategy(options).refresh(attempt({ fetch: fakeFetch(response).fetch }))
const coded = (status: number, error_code: string) =>
  answered(() => json({ error: 'Some text', error_code }, { status }))

describe('what is sent', () => {
  test('one POST with the token and the user id, and nothing that identifies otherwise', async () => {
    const { fetch, sent } = fakeFetch(() => json({ token: 'T2', refreshToken: 'R2' }))
    const outcome = await strategy.refresh(attempt({ fetch }))
    expect(outcome).toEqual({ kind: 'ok', bearer: 'T2', refreshToken: 'R2', life: {} })
    expect(sent).toHaveLength(1)
    const [{ url, init, headers }] = sent as [(typeof sent)[number]]
    expect(url).toBe('https://chat.example/api/admin/oauth/refresh')
    expect(init).toMatchObject({
      method: 'POST',
      redirect: 'manual',
      cache: 'no-store',
      credentials: 'omit',
    })
    expect(JSON.parse(String(init.body))).toEqual({
      refresh_token: TOKEN,
      user_id: '64b000000000000000000001',
    })
    expect(Object.fromEntries(headers)).toEqual({
      accept: 'application/json',
      'content-type': 'application/json',
      'x-refresh-attempt-id': 'attempt-1',
    })
  })

  test('a session of Google says so, and a provider of neither name is refused at once', async () => {
    const { fetch, sent } = fakeFetch(() => json({ token: 'T2' }))
    await openidStrategy({ provider: 'google' }).refresh(attempt({ fetch }))
    expect(JSON.parse(String(sent[0]?.init.body))).toMatchObject({ provider: 'google', refresh_token: TOKEN })
    expect(openidStrategy({ provider: 'google' }).kind).toBe('google')
    expect(() => openidStrategy({ provider: 'github' as 'google' })).toThrow('`provider` must be "openid" or')
  })

  test('without a user id no request leaves', async () => {
    const { fetch, sent } = fakeFetch(() => json({}))
    expect(await strategy.refresh(attempt({ fetch, userId: '' }))).toEqual({
      kind: 'rejected',
      reason: 'missingCredential',
    })
    expect(sent).toEqual([])
  })

  test('without a refresh token no request leaves', async () => {
    const { fetch, sent } = fakeFetch(() => json({}))
    const { refreshToken: _, ...without } = attempt({ fetch })
    expect(await strategy.refresh(without)).toEqual({ kind: 'rejected', reason: 'missingCredential' })
    expect(sent).toEqual([])
  })

  test('what no header can carry is misconfigured, and no request leaves', async () => {
    const { fetch, sent } = fakeFetch(() => json({}))
    expect(await strategy.refresh(attempt({ fetch, attemptId: 'a\nb' }))).toEqual({
      kind: 'refused',
      cause: 'misconfigured',
    })
    expect(sent).toEqual([])
  })

  test('a deadline that has passed already is no send', async () => {
    const { fetch, sent } = fakeFetch(() => json({}))
    expect(await strategy.refresh(attempt({ fetch, signal: AbortSignal.abort() }))).toEqual({
      kind: 'refused',
      cause: 'network',
    })
    expect(sent).toEqual([])
  })

  describe('tenant', () => {
    const tenantSent = async (tenantId: string | undefined) => {
      const { fetch, sent } = fakeFetch(() => json({ token: 'T2' }))
      const outcome = await strategy.refresh(
        attempt({ fetch, ...(tenantId === undefined ? {} : { tenantId }) }),
      )
      return {
        outcome,
        sent: sent.map(({ headers }) => headers.get('x-tenant-id')),
      }
    }

    test('tenant header forwarded, trimmed', async () => {
      expect((await tenantSent('acme')).sent).toEqual(['acme'])
      expect((await tenantSent('  Acme_1.eu-west ')).sent).toEqual(['Acme_1.eu-west'])
    })

    test('tenant header omitted for a session without a tenant', async () => {
      expect((await tenantSent(undefined)).sent).toEqual([null])
    })

    test('tenant header omitted when blank', async () => {
      expect((await tenantSent('')).sent).toEqual([null])
      expect((await tenantSent(' \t ')).sent).toEqual([null])
    })

    test.each([
      ['X7: tenant with a line break', 'acme\r\nX-Admin: 1'],
      ['X7: tenant with NUL', 'acme\0'],
      ['X7: two tenants in one', 'acme, other'],
      ['X7: tenant with a blank inside', 'ac me'],
      ['X7: tenant that is not Latin-1', 'acmé→'],
      ['X7: the reserved system tenant', '__SYSTEM__'],
      ['X7: tenant of 129 characters', 'a'.repeat(129)],
    ])('%s: malformed, no request leaves and the value is not quoted', async (_, tenantId) => {
      const { outcome, sent } = await tenantSent(tenantId)
      expect(outcome).toEqual({ kind: 'refused', cause: 'misconfigured' })
      expect(sent).toEqual([])
    })
  })
})

describe('what the backend’s codes mean', () => {
  test('0.4: MISSING_REFRESH_TOKEN is a missing credential', async () => {
    expect(await coded(400, 'MISSING_REFRESH_TOKEN')).toEqual({
      kind: 'rejected',
      reason: 'missingCredential',
    })
  })

  test('A25: REFRESH_FAILED is the backend’s own word, and proves nothing', async () => {
    expect(await coded(401, 'REFRESH_FAILED')).toEqual({
      kind: 'unknown',
      cause: 'refreshFailed',
      answered: true,
    })
  })

  test.each(['USER_ID_MISMATCH', 'TENANT_MISMATCH', 'ISSUER_MISMATCH'])(
    'A26: %s ends the session and is a security notice',
    async (code) => {
      expect(await coded(401, code)).toEqual({
        kind: 'rejected',
        reason: 'identityMismatch',
        security: 'identityMismatch',
      })
    },
  )

  test('A26: USER_NOT_FOUND ends the session and is a security notice', async () => {
    expect(await coded(401, 'USER_NOT_FOUND')).toEqual({
      kind: 'rejected',
      reason: 'refreshRejected',
      security: 'unknownUser',
    })
  })

  test('A27: FORBIDDEN takes the access away', async () => {
    expect(await coded(403, 'FORBIDDEN')).toEqual({ kind: 'rejected', reason: 'accessRevoked' })
  })

  test('A29: TOKEN_REUSE_DISABLED is for good', async () => {
    expect(await coded(403, 'TOKEN_REUSE_DISABLED')).toEqual({ kind: 'unsupported', forGood: true })
  })

  test.each(['IDP_INCOMPLETE', 'CLAIMS_INCOMPLETE'])(
    '0.4: after %s the token is spent, and never sent again',
    async (code) => {
      expect(await coded(502, code)).toEqual({
        kind: 'unknown',
        cause: 'consumed',
        answered: true,
        consumed: true,
      })
    },
  )

  test('A34: INTERNAL_ERROR proves nothing', async () => {
    expect(await coded(500, 'INTERNAL_ERROR')).toEqual({
      kind: 'unknown',
      cause: 'status',
      answered: true,
    })
  })

  test('A36: 503 with a known code was not processed', async () => {
    expect(await coded(503, 'OPENID_NOT_CONFIGURED')).toEqual({ kind: 'refused', cause: 'unavailable' })
  })

  test('A28: a known code with another status, or in a page, is not the backend’s word', async () => {
    expect(await coded(403, 'USER_NOT_FOUND')).toEqual({
      kind: 'unknown',
      cause: 'status',
      answered: false,
    })
    expect(await answered(() => page('{"error_code":"FORBIDDEN"}', { status: 403 }))).toEqual({
      kind: 'unknown',
      cause: 'status',
      answered: false,
    })
  })

  test('a second factor made compulsory is a step up, not a broken answer', async () => {
    const body = { code: 'ENROL', twoFASetupRequired: true, tempToken: 'canary-temp-token' }
    expect(await answered(() => json(body))).toEqual({ kind: 'rejected', reason: 'stepUpRequired' })
    expect(await answered(() => json({ ...body, token: 'T2' }))).toMatchObject({ kind: 'ok', bearer: 'T2' })
  })
})

describe('A42 logout at the backend', () => {
  const ending = { ...attempt(), bearer: 'T1', cause: 'logout' } as const

  test('A42 is not asked for: without a refresh cookie it would end another session', () => {
    expect(strategy.revoke).toBeUndefined()
    expect(strategy.needsRefreshToken).toBe(true)
  })

  test('A42 on request it names the session by its bearer alone', async () => {
    const { revoke } = openidStrategy({ backendLogout })
    const { fetch, sent } = fakeFetch(() => json({ message: 'Logout successful' }))
    expect(await revoke?.({ ...ending, fetch })).toBe(true)
    expect(sent[0]?.url).toBe('https://chat.example/api/auth/logout')
    expect(Object.fromEntries(sent[0]?.headers ?? [])).toEqual({ authorization: 'Bearer T1' })
    const { bearer: _, ...without } = ending
    expect(await revoke?.({ ...without, fetch })).toBe(false)
    expect(sent).toHaveLength(1)
    expect(await revoke?.({ ...ending, fetch: fakeFetch(() => json({}, { status: 500 })).fetch })).toBe(false)
  })
})
