import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readUser } from '../../src/base/readUser.ts'
import { cookieStrategy } from '../../src/librechat/cookieStrategy.ts'
import { openidStrategy } from '../../src/librechat/openidStrategy.ts'
import type { RefreshOutcome, SessionStrategy } from '../../src/session/strategy.ts'
import { attempt, fakeFetch, json } from '../strategies/attempt.ts'

const strategies: readonly SessionStrategy[] = [
  openidStrategy({ trust503: true }),
  openidStrategy(),
  cookieStrategy(),
  cookieStrategy({ browserCookies: true }),
]

const MIB = 1_048_576
const CANARY = 'ZqXj7#Wv'
const words = new Set(
  [
    'ok refused rejected unknown unsupported network limited banned unavailable misconfigured',
    'timeout redirect content json schema size status refreshFailed consumed stale internal',
    'refreshRejected missingCredential accessRevoked identityMismatch stepUpRequired unknownUser',
    'cookieDuplicate cookieFolded',
  ].flatMap((line) => line.split(' ')),
)

/** Everything that an outcome says of itself; what it carries on purpose is left out. */
function saidBy(outcome: RefreshOutcome): unknown[] {
  const carried = new Set(['bearer', 'refreshToken', 'user', 'life'])
  return Object.entries(outcome).flatMap(([key, value]) => (carried.has(key) ? [] : value))
}

const phrases = fc.constantFrom(
  '{"token":"T2","refreshToken":"R2"}',
  '{"error_code":"REFRESH_FAILED"}',
  '{"user":{"__proto__":{"id":1}},"token":',
  'Refresh token not provided',
  'Refresh token expired or not found for this user',
  '\ufeff',
  '\u001b[31m%s',
  '<html>',
  CANARY,
)
const bodies = fc
  .array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.json(), phrases), { maxLength: 5 })
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part as string))))

const text = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
})
const values = fc.oneof(
  text,
  fc.constantFrom(
    'application/json',
    'application/json; charset=utf-8',
    'text/html',
    '120',
    'Tue, 10 Mar 2026 08:00:00 GMT',
    '/login',
    'refreshToken=R2; Max-Age=0',
    'refreshToken=; =;;Expires==',
  ),
)
const names = fc.constantFrom(
  'content-type',
  'retry-after',
  'date',
  'location',
  'set-cookie',
  'content-encoding',
)
const headers = fc.array(fc.tuple(names, values), { maxLength: 6 })
const status = fc.oneof(
  fc.constantFrom(200, 200, 200, 204, 302, 304, 400, 401, 403, 404, 429, 500, 502, 503),
  fc.integer({ min: 200, max: 599 }),
)

describe('parser totality', () => {
  test('I30: any status, headers and bytes give an outcome that says nothing of them', async () => {
    await fc.assert(
      fc.asyncProperty(status, headers, bodies, async (code, lines, body) => {
        const bodiless = [204, 205, 304].includes(code)
        const { fetch } = fakeFetch(() => {
          const response = new Response(bodiless ? null : body, { status: code })
          for (const [name, value] of lines) response.headers.append(name, value)
          return response
        })
        for (const strategy of strategies) {
          const outcome = await strategy.refresh(attempt({ fetch }))
          for (const said of saidBy(outcome)) {
            if (typeof said === 'string') expect(words).toContain(said)
            else if (typeof said === 'number') expect(said >= 0 && said <= 300_000).toBe(true)
            else expect(typeof said).toBe('boolean')
          }
        }
      }),
      { numRuns: 600 },
    )
  })

  test('I30: a failure shares no six characters with the body', async () => {
    const parts = Array.from({ length: CANARY.length - 5 }, (_, at) => CANARY.slice(at, at + 6))
    await fc.assert(
      fc.asyncProperty(status, bodies, async (code, body) => {
        if ([204, 205, 304].includes(code)) return
        const marked = Buffer.concat([Buffer.from(CANARY), body, Buffer.from(CANARY)])
        for (const type of ['application/json', 'text/html']) {
          const { fetch } = fakeFetch(
            () => new Response(marked, { status: code, headers: { 'content-type': type, location: CANARY } }),
          )
          for (const strategy of strategies) {
            const printed = JSON.stringify(await strategy.refresh(attempt({ fetch })))
            expect(parts.filter((part) => printed.includes(part))).toEqual([])
          }
        }
      }),
      { numRuns: 200 },
    )
  })

  const listOf = (length: number, item: (index: number) => string) =>
    Array.from({ length: Math.floor(length) }, (_, index) => item(index)).join()

  test.each([
    ['quotes', (size: number) => '"'.repeat(size)],
    ['escaped quotes', (size: number) => `"${'\\"'.repeat(size / 2 - 1)}"`],
    ['backslashes', (size: number) => '\\'.repeat(size)],
    ['one long text', (size: number) => JSON.stringify({ token: 'T', x: '\\"'.repeat(size / 5) })],
    ['brackets', (size: number) => '['.repeat(size)],
    ['braces', (size: number) => '{"a":'.repeat(size / 5)],
    ['many names', (size: number) => `{${listOf(size / 12, (i) => `"n${i}":1`)}}`],
    ['many blanks', (size: number) => `{"token":"T2"${' '.repeat(size - 20)}}`],
    [
      'names far from their colons',
      (size: number) => `{${listOf(size / 1024, (i) => `"n${i}"${' '.repeat(1000)}:1`)}}`,
    ],
    [
      'texts far from anything',
      (size: number) => `[${listOf(size / 1024, (i) => `"n${i}"${' '.repeat(1000)}`)}]`,
    ],
  ])('I30: 1 MiB of %s takes little longer than four quarters of it', async (_, bodyOf) => {
    /** Of the processor, and the best of five: the machine may be busy with something else. */
    async function timeOf(size: number) {
      const body = bodyOf(size)
      const times: number[] = []
      for (let i = 0; i < 5; i++) {
        const before = process.threadCpuUsage()
        await openidStrategy().refresh(attempt({ fetch: fakeFetch(() => json(body)).fetch }))
        const { user, system } = process.threadCpuUsage(before)
        times.push((user + system) / 1_000)
      }
      return Math.min(...times)
    }
    // What grows by the square takes sixteen times as long. Below 5 ms the clock says little.
    expect(await timeOf(MIB)).toBeLessThan(10 * Math.max(5, await timeOf(MIB / 4)))
  })
})

describe('merge safety', () => {
  const keys = fc.constantFrom(
    '__proto__',
    'constructor',
    'prototype',
    'toString',
    'id',
    '_id',
    'token',
    'user',
    'role',
  )
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom('"x"', '1', 'null', 'true', '{}'),
      tie('list'),
      tie('object'),
    ),
    list: fc.array(tie('tree'), { maxLength: 2 }).map((items) => `[${items.join()}]`),
    object: fc
      .uniqueArray(fc.tuple(keys, tie('tree')), { maxLength: 4, selector: ([key]) => key })
      .map((entries) => `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join()}}`),
  }))

  test('I22: no answer changes a prototype', async () => {
    const before = Reflect.ownKeys(Object.prototype)
    const plain = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      ([Object.prototype, Array.prototype].includes(Object.getPrototypeOf(value)) &&
        Object.values(value).every(plain))
    await fc.assert(
      fc.asyncProperty(tree, tree, tree, async (user, expiresAt, proto) => {
        const body = `{"token":"T2","refreshToken":"R2","user":${user},"expiresAt":${expiresAt},"__proto__":${proto}}`
        for (const strategy of strategies) {
          const outcome = await strategy.refresh(attempt({ fetch: fakeFetch(() => json(body)).fetch }))
          expect(plain(outcome)).toBe(true)
          if (outcome.kind === 'ok' && outcome.user) {
            expect(Object.hasOwn(outcome.user, '__proto__')).toBe(false)
            // Without a schema nobody is shown more than the known fields.
            for (const key of Object.keys(readUser(outcome.user) ?? {})) expect(['id', 'role']).toContain(key)
          }
        }
        expect(Reflect.ownKeys(Object.prototype)).toEqual(before)
      }),
      { numRuns: 500 },
    )
  })
})
