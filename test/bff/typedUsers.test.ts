import { expect, test } from 'vitest'
import * as z from 'zod'
import { LIFE } from '../session/fixture.ts'
import { behind, loginOf } from './fixture.ts'

const user = z.object({ id: z.string(), roles: z.array(z.string()).transform((list) => new Set(list)) })
const eve = { id: 'ada', email: 'ada@chat.example', roles: ['ADMIN'] }
const shown = { id: 'ada', roles: new Set(['ADMIN']) }
const session = { user: eve, login: loginOf('A'), epoch: 5, version: 1 }
const misfit = [{ type: 'warning', code: 'userMisfit' }]

/** A page whose users are typed, and whose server knows `known`. */
function page(known: object, more: object = {}) {
  const behindServer = behind({ user, ...more } as never)
  behindServer.server.session = { ...session, user: known }
  return behindServer
}

test('U50: the user that the server tells is what the schema makes of it', async () => {
  const { settle, snapshot, notices } = page(eve)
  await settle()
  expect(snapshot()).toMatchObject({ state: 'active', user: shown })
  expect(notices).toEqual([])
})

test('U50: facts that came with the page are read by the schema, too', () => {
  const facts = { ...session, expiresAt: LIFE, serverNow: 0 }
  expect(page(eve, { facts }).snapshot()).toMatchObject({ state: 'active', user: shown })
})

test('U50: a page that is opened to a user who misfits shows the user as the server tells it, and warns', async () => {
  const { settle, snapshot, told } = page({ id: 'ada', name: 'Ada' })
  await settle()
  expect(snapshot()).toMatchObject({ state: 'active', user: { id: 'ada', name: 'Ada' } })
  expect(told('warning')).toMatchObject(misfit)
})

test('U50: a refresh whose user misfits keeps the last user, warns, and ends nothing', async () => {
  const { settle, snapshot, told, server, pass } = page(eve)
  await settle()
  server.session = { ...session, user: { id: 'ada', name: 'Ada' } }
  await pass(LIFE - 20_000)
  expect(snapshot()).toMatchObject({ state: 'active', version: 2, user: shown })
  expect(told('warning')).toMatchObject(misfit)
  expect(told('changed')).toEqual([])
})

test('U50: a refresh that brings another profile says so', async () => {
  const { settle, snapshot, told, server, pass } = page(eve)
  await settle()
  server.session = { ...session, user: { ...eve, roles: ['ADMIN', 'OPS'], seenAt: 7 } }
  await pass(LIFE - 20_000)
  expect(snapshot()).toMatchObject({ version: 2, user: { roles: new Set(['ADMIN', 'OPS']) } })
  await pass(LIFE - 20_000)
  expect(snapshot().version).toBe(3)
  expect(told('changed')).toMatchObject([{ what: 'profile' }])
})

test('U50: a login whose user misfits is refused, changes nothing in the page, and is ended at the server', async () => {
  const { session: own, server, settle, snapshot, paths } = page(eve)
  server.session = null
  await settle()
  server.next = { ...session, login: loginOf('B'), user: { id: 'ada' } }
  const login = own.login({ email: 'ada@chat.example', password: 'p' })
  await expect(login).rejects.toMatchObject({
    code: 'invalid_answer',
    message: expect.stringContaining('roles'),
  })
  await settle()
  expect(snapshot()).toMatchObject({ state: 'loggedOut', user: null })
  expect(paths().at(-1)).toBe('POST /session/logout')
  expect(server.session).toBeNull()
})

test('U50: what another tab has renewed keeps the user, whatever the schema has made of it', async () => {
  let shared: object | undefined
  const open = () => ({
    lock: (task: () => Promise<unknown>) => task(),
    read: () => shared,
    share: () => {},
    leave: () => {},
    close: () => {},
  })
  const { settle, snapshot, told, clock, pass } = page(eve, { page: { open } })
  await settle()
  shared = { login: loginOf('A'), version: 4, endsAt: clock.wall() + 2 * LIFE }
  await pass(LIFE - 20_000)
  expect(snapshot()).toMatchObject({ state: 'active', version: 4, user: shown })
  expect(told('warning')).toEqual([])
})

test('U50: a schema that answers with a Promise refuses the login', async () => {
  const late = z.object({ id: z.string().refine(async () => true) })
  const { session: own, server, settle } = page(eve, { user: late })
  server.session = null
  await settle()
  server.next = { ...session, login: loginOf('B') }
  const login = own.login({ email: 'ada@chat.example', password: 'p' })
  await expect(login).rejects.toMatchObject({ code: 'misconfigured' })
})
