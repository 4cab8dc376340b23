import { expect, test } from 'vitest'
import { inspected, LIFE, SECOND } from '../session/fixture.ts'
import { behind, json } from './fixture.ts'

test('every event of a page behind its server has a sender, and its refresh names the kind of its strategy', async () => {
  const { session, server, found, pass, signal, state } = behind()
  const { sent, started } = inspected(session.actorRef)
  await found()
  server.failing = ({ url }) => (url.endsWith('/refresh') ? json(503, { error: 'unavailable' }) : undefined)
  await pass(LIFE - 15 * SECOND)
  expect(state()).toBe('retrying')
  server.failing = undefined
  await pass(5 * SECOND)
  expect(state()).toBe('active')
  await signal('userIdle')
  await session.logout()
  expect(started[0]).toMatchObject({ provider: 'bff', kind: 'bff' })
  for (const line of ['alarm: time.checked', 'refresh: refresh.refused', 'refresh: session.renewed'])
    expect(sent).toContain(line)
  for (const type of ['session.started', 'user.changed', 'session.ended'])
    expect(sent).toContain(`runtime: ${type}`)
  expect(sent.filter((line) => line.startsWith('nobody'))).toEqual([])
})
