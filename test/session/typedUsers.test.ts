import { expect, onTestFinished, test } from 'vitest'
import { createSession, memoryStore, type StandardSchemaV1 } from 'xstate-session'
import { openidStrategy } from 'xstate-session/librechat'
import * as z from 'zod'
import { ada, BASE_URL, LIFE, loggedIn, openid, restored, start, storedLogin } from './fixture.ts'

const user = z.object({ id: z.string(), roles: z.array(z.string()) })
const eve = { id: 'ada', _id: 'ada', email: 'ada@chat.example', roles: ['ADMIN'], updatedAt: '2026-01-01' }
const shown = { id: 'ada', roles: ['ADMIN'] }
const misfit = [{ type: 'warning', code: 'userMisfit' }]

/** A schema that says whatever is asked of it. */
const schema = (validate: (value: unknown) => unknown) =>
  ({ '~standard': { version: 1, vendor: 'test', validate } }) as StandardSchemaV1<unknown, { id: string }>

test('U50: the user of a login is what the schema makes of it, and the record keeps the whole document', async () => {
  const store = memoryStore()
  const { session } = await loggedIn({ user, store } as never, { user: eve })
  expect(session.getSnapshot().user).toEqual(shown)
  expect(await store.read()).toMatchObject({ user: eve })
})

test('U50: a release whose schema reads more finds it in the record', async () => {
  const store = memoryStore()
  const { session } = await loggedIn({ user: z.object({ id: z.string() }), store } as never, { user: eve })
  expect(session.getSnapshot().user).toEqual({ id: 'ada' })
  session.dispose()
  const later = await restored({ user, store } as never)
  expect(later.session.getSnapshot()).toMatchObject({ state: 'active', user: shown })
  expect(later.told('warning')).toEqual([])
})

test('U50: what a schema makes of a document may be anything that has its id', async () => {
  const roles = z.array(z.string()).transform((list) => new Set(list))
  const { session, strategy, pass, ok, told } = await loggedIn(
    { user: z.object({ id: z.string(), roles }) } as never,
    { user: eve },
  )
  expect(session.getSnapshot().user).toEqual({ id: 'ada', roles: new Set(['ADMIN']) })
  strategy.always(ok(2, { user: { ...eve, roles: ['ADMIN', 'OPS'] } }))
  await pass(LIFE - 30_000)
  expect(session.getSnapshot()).toMatchObject({ version: 2, user: { roles: new Set(['ADMIN', 'OPS']) } })
  expect(told('changed')).toMatchObject([{ what: 'profile' }])
})

test('U50: the same document is the same user, and another one is told as another profile', async () => {
  const { session, strategy, pass, ok, told } = await loggedIn({ user } as never, { user: eve })
  const before = session.getSnapshot().user
  strategy.always(ok(2, { user: eve }))
  await pass(LIFE - 30_000)
  expect(session.getSnapshot().version).toBe(2)
  expect(session.getSnapshot().user).toBe(before)
  expect(told('changed')).toEqual([])
  strategy.always(ok(3, { user: { ...eve, updatedAt: '2026-01-02' } }))
  await pass(LIFE - 30_000)
  expect(session.getSnapshot()).toMatchObject({ version: 3, user: shown })
  expect(told('changed')).toMatchObject([{ what: 'profile' }])
})

test.each([
  [
    'a field is missing',
    { id: 'ada', email: 'ada@chat.example' },
    /The "user" does not fit the schema at: roles\./,
  ],
  ['a field is of another type', { ...eve, roles: ['ADMIN', 7] }, /at: roles\.1\./],
])('U50: a login whose user misfits is refused, and changes nothing: %s', async (_, wrong, message) => {
  const store = memoryStore()
  const { session, answer } = await loggedIn({ user, store } as never, { user: eve })
  const login = session.login(answer({ user: wrong, token: 'B9' }), openid)
  await expect(login).rejects.toMatchObject({
    code: 'invalid_answer',
    message: expect.stringMatching(message),
  })
  expect(session.getSnapshot()).toMatchObject({ state: 'active', epoch: 1, user: shown })
  expect(await store.read()).toMatchObject({ epoch: 1, bearer: 'B1' })
})

test('U50: the error of a misfit quotes nothing of the user', async () => {
  const { session, answer } = start({
    user: schema((value) => ({
      issues: [{ message: `not ${JSON.stringify(value)}`, path: [{ key: 'roles' }] }],
    })),
  })
  const error = await session.login(answer({ user: { ...eve, secret: 'S3CRET' } }), openid).catch((e) => e)
  expect(error).toMatchObject({ code: 'invalid_answer', message: expect.stringContaining('at: roles') })
  expect(JSON.stringify([error, error.message, error.stack, error.cause])).not.toContain('S3CRET')
})

test.each<[string, (value: unknown) => unknown]>([
  [
    'that throws',
    () => {
      throw new Error('S3CRET')
    },
  ],
  ['that answers nothing', () => undefined],
  ['that gives nobody', () => ({ value: null })],
  ['that gives another id', () => ({ value: { id: 'bob' } })],
])('U50: a schema %s refuses the login', async (_, validate) => {
  const { session, answer } = start({ user: schema(validate) })
  const error = await session.login(answer(), openid).catch((e) => e)
  expect(error).toMatchObject({ code: 'invalid_answer' })
  expect(String(error.stack)).not.toContain('S3CRET')
  expect(session.getSnapshot().state).toBe('loggedOut')
})

test.each([
  ['of zod', z.object({ id: z.string().refine(async () => true) })],
  ['whose Promise rejects', schema(() => Promise.reject(new Error('the database is away')))],
])(
  'U50: a schema %s that answers with a Promise is misconfigured, and the Promise is left alone',
  async (_, late) => {
    const unhandled: unknown[] = []
    const listener = (reason: unknown) => void unhandled.push(reason)
    process.on('unhandledRejection', listener)
    onTestFinished(() => void process.off('unhandledRejection', listener))
    const { session, answer } = start({ user: late } as never)
    await expect(session.login(answer(), openid)).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('Promise'),
    })
    expect(session.getSnapshot().state).toBe('loggedOut')
    await new Promise((resolve) => setImmediate(resolve))
    expect(unhandled).toEqual([])
  },
)

test.each([[null], [{}], [z.object], [{ '~standard': {} }], ['user']])(
  'U50: %o is no schema, which is said where it is written',
  (wrong) => {
    const strategies = { openid: openidStrategy() }
    expect(() => createSession({ baseUrl: BASE_URL, strategies, user: wrong as never })).toThrow(
      /Option "user" must be a Standard Schema/,
    )
  },
)

test('U50: a refresh whose user misfits keeps the new tokens and the last user, warns, and ends nothing', async () => {
  const store = memoryStore()
  const { session, strategy, pass, ok, told } = await loggedIn({ user, store } as never, { user: eve })
  strategy.always(ok(2, { user: { id: 'ada', name: 'Ada' } }))
  await pass(LIFE - 30_000)
  expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2, user: shown })
  expect(await session.getToken()).toBe('B2')
  expect(told('warning')).toMatchObject(misfit)
  expect(told('changed')).toEqual([])
  // The next one finds a user that fits in the record.
  expect(await store.read()).toMatchObject({ version: 2, bearer: 'B2', refreshToken: 'R2', user: eve })
})

test('U50: a schema that has become one with a Promise loses no tokens either', async () => {
  let isLate = false
  const late = schema((value) => (isLate ? Promise.resolve({ value }) : { value }))
  const { session, strategy, pass, ok, told } = await loggedIn({ user: late })
  isLate = true
  strategy.always(ok(2, { user: { ...ada, name: 'Ada' } }))
  await pass(LIFE - 30_000)
  expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2, user: ada })
  expect(await session.getToken()).toBe('B2')
  expect(told('warning')).toMatchObject(misfit)
})

test('U50: a release that narrows the schema logs nobody out: what is stored is shown until a refresh brings a user that fits', async () => {
  const narrow = z.object({ id: z.string(), roles: z.array(z.string()).min(1), team: z.string() })
  const store = memoryStore()
  await store.compareAndSet(null, storedLogin({ user: eve }))
  const { session, strategy, pass, ok, told } = await restored({ user: narrow, store } as never)
  expect(session.getSnapshot()).toMatchObject({ state: 'active', user: eve })
  expect(await session.getToken()).toBe('B1')
  expect(told('warning')).toMatchObject(misfit)
  strategy.always(ok(2, { user: { ...eve, team: 'blue' } }))
  await pass(LIFE - 30_000)
  expect(session.getSnapshot().user).toEqual({ ...shown, team: 'blue' })
  expect(told('warning')).toHaveLength(1)
})

test('U50: a peer of another release that stores another user costs this one nothing', async () => {
  const store = memoryStore()
  const { session, pass, signal, told, clock } = await loggedIn({ user, store } as never, { user: eve })
  const stored = await store.read()
  const next = { ...stored, version: 2, bearer: 'B2', refreshToken: 'R2', endsAt: clock.wall() + 2 * LIFE }
  await store.compareAndSet(stored, { ...next, user: { id: 'ada', name: 'Ada' } } as never)
  await signal('woke')
  await pass(1)
  expect(session.getSnapshot()).toMatchObject({ state: 'active', version: 2, user: shown })
  expect(told('warning')).toMatchObject(misfit)
})

test('U50: a refresh for another user ends the session, whatever the schema makes of both', async () => {
  const { session, strategy, pass, ok } = await loggedIn({ user } as never, { user: eve })
  strategy.always(ok(2, { user: { ...eve, id: 'bob' } }))
  await pass(LIFE - 30_000)
  expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'identityMismatch', user: shown })
})

test('U50: the tenant of a refresh is compared, also where the schema does not read it', async () => {
  const { session, strategy, pass, ok } = await loggedIn(
    { user } as never,
    { user: eve },
    { tenantId: 'blue' },
  )
  strategy.always(ok(2, { user: { ...eve, tenantId: 'red' } }))
  await pass(LIFE - 30_000)
  expect(session.getSnapshot()).toMatchObject({ state: 'expired', reason: 'identityMismatch' })
})

test('U50: without a schema the known fields are kept and shown, and nothing else', async () => {
  const store = memoryStore()
  const { session } = await loggedIn({ store }, { user: { ...eve, name: 7 } })
  expect(session.getSnapshot().user).toEqual({ id: 'ada', email: 'ada@chat.example' })
  expect(await store.read()).toMatchObject({ user: { id: 'ada', email: 'ada@chat.example' } })
  expect(JSON.stringify(await store.read())).not.toContain('roles')
})

test('U50: a record of a release with a schema shows its known fields to one without', async () => {
  const store = memoryStore()
  await store.compareAndSet(null, storedLogin({ user: { ...eve, name: 7 } }))
  const { session } = await restored({ store })
  expect(session.getSnapshot().user).toEqual({ id: 'ada', email: 'ada@chat.example' })
})
