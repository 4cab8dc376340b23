import type { StatelyInspectionEvent } from '@statelyai/inspect'
import type { Frame, Page } from 'playwright-core'
import { describe, expect, test } from 'vitest'
import { sessionMachine } from '../../machines/session.machine.ts'
import { servePages } from '../browser/servePages.ts'
import { leaksOf } from './life.ts'

declare global {
  interface Window {
    readonly received: StatelyInspectionEvent[]
    readonly messages: unknown[]
  }
}

const pages = servePages({ '/session': 'inspect/page/session.ts', '/receiver': 'inspect/page/receiver.ts' })

/** A session that is inspected from its login to its end, and the page that received it. */
async function inspected(how: 'frame' | 'window', as: 'ours' | 'stock' = 'ours') {
  const { context, elsewhere } = await pages.open()
  const page = await context.newPage()
  const opened = how === 'window' ? context.waitForEvent('page') : undefined
  await page.goto(`${pages.url}/session?in=${how}&as=${as}`)
  const receiver = async (): Promise<Page | Frame | undefined> =>
    opened ?? page.frames().find((frame) => frame.url() === `${pages.url}/receiver`)
  const read = async () =>
    (await receiver())?.evaluate(() => ({ received: window.received ?? [], messages: window.messages ?? [] }))
  await expect.poll(() => page.title()).toBe('done')
  await expect.poll(async () => JSON.stringify((await read())?.received)).toContain('"status":"stopped"')
  const found = await read()
  if (!found) throw new Error('There is no page that received anything.')
  return { ...found, elsewhere }
}

describe.each(['frame', 'window'] as const)('in a %s', (how) => {
  test('X1 and X2: the official receiver is told the whole session, and no part of a secret', async () => {
    const { received, messages, elsewhere } = await inspected(how)
    const told = received.flatMap((message) => {
      if (message.type !== '@xstate.snapshot') return []
      const { value, context } = message.snapshot as unknown as {
        value: string
        context: Record<string, unknown>
      }
      return [`${message.event.type} ${value} ${context.reason} ${context.epoch}.${context.version}`]
    })
    for (const step of [
      'session.started active null 1.1',
      'session.renewed active null 1.2',
      'refresh.rejected expired accessRevoked 1.2',
      'refresh.unknown retrying null 2.1',
      'session.ended loggedOut user 2.1',
      'xstate.stop loggedOut user 2.1',
    ])
      expect(told).toContain(step)

    const actor = received.find((message) => message.type === '@xstate.actor')
    const definition = JSON.parse(actor?.definition ?? '')
    // The names of its functions are those of the bundle; everything else is the chart.
    const withoutFunctions = (value: unknown) =>
      JSON.parse(
        JSON.stringify(value, (key, part) =>
          typeof part === 'function' ||
          ((key === 'context' || key === 'input' || key === 'params') && 'type' in part)
            ? undefined
            : part,
        ),
      )
    expect(withoutFunctions(definition)).toEqual(withoutFunctions(sessionMachine.config))

    // Nothing was cut off on its way: the stock serializer shortens what is deep or late.
    expect(JSON.stringify(received)).not.toMatch(/\[\.\.\.\]|\[Object\]|\[Array\]|\[Circular\]/)
    expect(JSON.stringify(received)).toContain('"doubt":{"')
    expect(messages.length).toBeGreaterThanOrEqual(received.length)
    expect(leaksOf(JSON.stringify(messages))).toEqual([])
    expect(elsewhere).toEqual([])
  })
})

test('the search finds what the receiver is told of a session that is attached without us', async () => {
  const { messages } = await inspected('frame', 'stock')
  expect(leaksOf(JSON.stringify(messages))).not.toEqual([])
})
