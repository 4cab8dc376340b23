import { expect, test } from 'vitest'
import { jsonLines, type ServerNotice } from 'xstate-session/server'

test('a line has its time, its level and the notice as it is; what is of a lower level is not written', () => {
  const lines: string[] = []
  const observe = jsonLines({ write: (line) => lines.push(line), level: 'info', clock: { wall: () => 0 } })
  const of = { session: 's', epoch: 1, version: 1 }
  const notices: ServerNotice[] = [
    { type: 'refreshSent', attemptId: 'a', ...of },
    { type: 'login', session: 's', via: 'staff', provider: 'own' },
    { type: 'expired', reason: 'idle', ...of },
    { type: 'expired', reason: 'refreshRejected', ...of },
    { type: 'ended', reason: 'identityMismatch', session: 's' },
    { type: 'storeFailed', doing: 'read' },
  ]
  for (const notice of notices) observe(notice)
  observe({ type: '__proto__' })
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    [
      ['info', notices[1]],
      ['info', notices[2]],
      ['warn', notices[3]],
      ['error', notices[4]],
      ['error', notices[5]],
      ['info', { type: '__proto__' }],
    ].map(([level, notice]) => ({ time: '1970-01-01T00:00:00.000Z', level, ...(notice as object) })),
  )
})
