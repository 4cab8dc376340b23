import fc from 'fast-check'
import { expect, test } from 'vitest'
import { loginAnswerSchema, refreshAnswerSchema } from 'xstate-session/schemas'
import { readUser } from '../../src/base/readUser.ts'
import { renewalOf } from '../../src/librechat/renewal.ts'
import { readLogin } from '../../src/session/login.ts'

const answer = { kind: 'answer', redirected: false, status: 200, headers: new Headers(), text: '' } as const
const odd = fc.constantFrom(null, undefined, '', 'x', 7, true, [], {}, ['x'])
const userDocument = fc.oneof(
  odd,
  fc.record({ id: odd, _id: odd, name: odd, role: odd, tenantId: odd }, { requiredKeys: [] }),
)

test('a refresh answer is read by a session exactly where the published schema knows its form', () => {
  const body = fc.oneof(
    odd,
    fc.record(
      {
        token: fc.oneof(odd, fc.constant('B2')),
        refreshToken: odd,
        user: userDocument,
        expiresAt: odd,
        expires_in: odd,
        twoFASetupRequired: odd,
      },
      { requiredKeys: [] },
    ),
  )
  fc.assert(
    fc.property(body, (body) => {
      const { data, success } = refreshAnswerSchema.safeParse(body)
      const isOfUse =
        typeof data?.token === 'string' || (typeof data?.refreshToken === 'string' && data.refreshToken)
      const outcome = renewalOf(body, answer)
      const isStepUp = success && data.token == null && data.twoFASetupRequired === true
      expect(outcome.kind === 'rejected').toBe(isStepUp)
      if (isStepUp) return
      expect(outcome.kind === 'ok').toBe(success && Boolean(isOfUse))
      expect(renewalOf(body, answer, { refreshToken: 'R2' }).kind === 'ok').toBe(success)
      if (outcome.kind !== 'ok' || !data) return
      const { id, _id, ...display } = data.user ?? {}
      const known = Object.entries({ ...display, id: id || _id }).filter(([, text]) => text)
      expect(readUser(outcome.user)).toEqual(id || _id ? Object.fromEntries(known) : undefined)
    }),
    { numRuns: 2_000 },
  )
})

test('a login answer is taken exactly where the published schema knows its form', () => {
  const token = fc.constantFrom('B1', '', 'a b', 'a\n', 'é', 'x'.repeat(16_384), 'x'.repeat(16_385), 7, null)
  const body = fc.record(
    { token, refreshToken: odd, user: userDocument, expiresAt: odd },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(body, (body) => {
      const login = () => readLogin(body as never, { provider: 'openid' }, { openid: {} }, 0)
      const { success } = loginAnswerSchema.safeParse(body)
      if (success) expect(login().owner.user.id).toBeTruthy()
      else expect(login).toThrow()
    }),
    { numRuns: 2_000 },
  )
})
