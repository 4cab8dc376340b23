import { expect, test } from 'vitest'
import { bothWays } from './bothWays.ts'
import { JSON_TYPE, panelBefore } from './onPort.ts'
import { API, answerTo, sending } from './proxied.ts'

const UNDER = { publicUrl: 'http://localhost/panel/', isPathStripped: true }

bothWays(() => {
  test('a panel whose path is removed in front is served, and its cookies have that path', async () => {
    const came: string[] = []
    const panel = await panelBefore(async (incoming, outgoing) => {
      const parts: string[] = []
      for await (const part of incoming) parts.push(String(part))
      came.push(`${incoming.method} ${incoming.url} ${parts.join('')}`)
      outgoing.writeHead(200, JSON_TYPE).end('{}')
    }, UNDER)
    const headers = { cookie: panel.cookie, 'x-csrf': panel.csrf }
    for (const at of ['/session', '/session/'])
      expect((await fetch(`${panel.url}${at}`, { headers })).status).toBe(200)
    const sent = sending(panel, 'PUT', { 'content-type': 'application/json' }, { path: `${API}?q=1` })
    expect((await answerTo(sent.end('{"a":1}'))).status).toBe(200)
    expect(came).toEqual([`PUT ${API}?q=1 {"a":1}`])
    const logout = await fetch(`${panel.url}/session/logout`, { method: 'POST', headers })
    expect([logout.status, logout.headers.get('set-cookie')]).toEqual([
      200,
      expect.stringContaining('Path=/panel;'),
    ])
  })

  test('where nothing is removed, the same addresses are none of ours', async () => {
    const { server } = await panelBefore(() => {}, { ...UNDER, publicUrl: 'http://localhost/' })
    expect((await server.handle(new Request('http://localhost/session'))).status).toBe(401)
    const panel = await panelBefore(() => {}, { publicUrl: 'http://localhost/panel/' })
    expect((await fetch(`${panel.url}/session`)).status).toBe(404)
    expect((await fetch(`${panel.url}/panel/session`)).status).toBe(401)
  })
})

test('what is no request stays one, also below a path', async () => {
  const { server } = await panelBefore(() => {}, UNDER)
  const answer = await server.handle({ url: '/session' } as never)
  expect([answer.status, (await answer.json()).error]).toEqual([500, 'not_a_request'])
  const read = new Request('http://localhost/session/login', { method: 'POST', body: '{}' })
  await read.text()
  expect(await (await server.handle(read)).json()).toMatchObject({ error: 'body_already_read' })
})
