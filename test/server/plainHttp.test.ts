import { expect, onTestFinished, test, vi } from 'vitest'
import { backChannelLogout } from 'xstate-session/backchannel'
import type { ServerNotice } from 'xstate-session/server'
import { type LibrechatServerOptions, librechatServer } from './librechatServer.ts'
import { PANEL, SECRET } from './world.ts'

function noticesOf(options: Partial<LibrechatServerOptions>): ServerNotice[] {
  const notices: ServerNotice[] = []
  librechatServer({
    baseUrl: 'https://chat.example',
    publicUrl: PANEL,
    secrets: [SECRET],
    observe: (notice) => notices.push(notice),
    ...options,
  })
  return notices
}

function warnings(): string[] {
  const lines: string[] = []
  const spy = vi.spyOn(console, 'warn').mockImplementation((line) => void lines.push(String(line)))
  onTestFinished(() => spy.mockRestore())
  return lines
}

test.each([
  ['baseUrl', { baseUrl: 'http://librechat:3080' }],
  ['baseUrl', { baseUrl: 'http://10.0.0.7' }],
  ['baseUrl', { baseUrl: 'http://127.0.0.1.evil.example' }],
  ['browserBaseUrl', { browserBaseUrl: 'http://chat.example' }],
  ['endSessionOrigins', { endSessionOrigins: ['https://a.example', 'http://idp.example'] }],
] as const)('U23: plain http is told of: %s %j', (option, options) => {
  expect(noticesOf(options)).toEqual([{ type: 'plainHttp', option }])
  const lines = warnings()
  noticesOf({ ...options, observe: undefined } as never)
  expect(lines).toEqual([expect.stringContaining(`Option "${option}" is a plain http URL`)])
})

test('U23: of each option once, and of what is derived from another not at all', () => {
  expect(noticesOf({ baseUrl: 'http://librechat', browserBaseUrl: 'http://chat.example' })).toEqual([
    { type: 'plainHttp', option: 'baseUrl' },
    { type: 'plainHttp', option: 'browserBaseUrl' },
  ])
  expect(noticesOf({ baseUrl: 'http://librechat' })).toHaveLength(1)
})

test.each(['http://127.0.0.1:3080', 'http://localhost:3080', 'http://[::1]:3080', 'http://a.localhost'])(
  'U23: loopback is nobody else’s way: %s',
  (baseUrl) => {
    const lines = warnings()
    expect(noticesOf({ baseUrl, browserBaseUrl: baseUrl, endSessionOrigins: [baseUrl] })).toEqual([])
    noticesOf({ baseUrl, observe: undefined } as never)
    expect(lines).toEqual([])
  },
)

test('U23: keys that come over plain http are told of, too', () => {
  const lines = warnings()
  const make = (jwks: URL) => backChannelLogout({ issuer: 'https://idp.example', clientId: 'c', jwks })
  make(new URL('https://idp.example/keys'))
  make(new URL('http://127.0.0.1:9/keys'))
  expect(lines).toEqual([])
  make(new URL('http://idp.example/keys'))
  expect(lines).toEqual([expect.stringContaining('Option "jwks"')])
})
