import { expect, test } from 'vitest'
import { createRelay, type Peer } from '../../examples/inspector/relay.ts'

function peer(name: string) {
  const got: Record<string, unknown>[] = []
  return { name, got, send: (text: string) => void got.push(JSON.parse(text)) } satisfies Peer & {
    got: unknown
  }
}
const actor = (sessionId = 'x:0') => JSON.stringify({ type: '@xstate.actor', sessionId })
const snapshot = (status: string, sessionId = 'x:0') =>
  JSON.stringify({ type: '@xstate.snapshot', sessionId, snapshot: { status } })

test('what one sends all others get, under a name that no other session has', () => {
  const relay = createRelay()
  const [one, two, page] = [peer('Node'), peer('Admin panel'), peer('Inspector')]
  for (const each of [page, one, two]) relay.join(each)
  relay.hear(one, actor())
  relay.hear(two, actor())
  expect(page.got.map(({ sessionId, rootId, where }) => [sessionId, rootId, where])).toEqual([
    ['2/x:0', '2/x:0', 'Node'],
    ['3/x:0', '3/x:0', 'Admin panel'],
  ])
  expect(one.got).toHaveLength(1)
})

test('who comes later gets the charts of those who are there, and what happened last', () => {
  const relay = createRelay()
  const one = peer('Node')
  relay.join(one)
  relay.hear(one, actor('x:0'))
  relay.hear(one, actor('x:1'))
  for (let n = 0; n < 1_000; n++) relay.hear(one, snapshot('active'))
  relay.hear(one, snapshot('stopped', 'x:1'))
  const late = peer('Inspector')
  relay.join(late)
  expect(late.got.filter(({ type }) => type === '@xstate.actor').map(({ sessionId }) => sessionId)).toEqual([
    '1/x:0',
  ])
  expect(late.got).toHaveLength(401)
})

test('who leaves takes its sessions along, and the others are told', () => {
  const relay = createRelay()
  const [one, page] = [peer('Node'), peer('Inspector')]
  relay.join(one)
  relay.join(page)
  relay.hear(one, actor())
  relay.leave(one)
  expect(page.got.at(-1)).toEqual({ type: 'gone', from: 1 })
  const late = peer('Inspector')
  relay.join(late)
  expect(late.got).toEqual([])
})

test('what is no message goes nowhere', () => {
  const relay = createRelay()
  const [one, page] = [peer('Node'), peer('Inspector')]
  relay.join(one)
  relay.join(page)
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '{}',
    '{"type":"gone","sessionId":"x:0"}',
    '{"type":"@xstate.actor"}',
  ])
    relay.hear(one, text)
  relay.hear(peer('A stranger'), actor())
  expect(page.got).toEqual([])
})
