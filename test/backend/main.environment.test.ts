import { describe, expect, test } from 'vitest'
import { describeEnvironment, readEnvironment } from '../../examples/backend/environment.ts'
import { createKnobs } from '../../examples/backend/knobs.ts'

const messageOf = (given: Record<string, string>): string => {
  try {
    readEnvironment(given)
    return 'nothing'
  } catch (error) {
    return (error as Error).message
  }
}

test('nothing set: the defaults of the backend', () => {
  const { knobs, ...rest } = readEnvironment({})
  expect(rest).toEqual({ port: 3080, providerPort: 3081, panelUrl: 'http://localhost:3000' })
  expect(createKnobs(knobs)).toEqual(createKnobs())
})

test('blank is unset, as in an .env file', () => {
  expect(readEnvironment({ SESSION_EXPIRY: '', BACKEND_PORT: ' ' })).toEqual(readEnvironment({}))
})

test('every variable is heard', () => {
  expect(
    readEnvironment({
      BACKEND_PORT: '0',
      PROVIDER_PORT: '0',
      ADMIN_PANEL_URL: 'https://admin.example.com/panel/',
      SESSION_EXPIRY: '5000',
      REFRESH_TOKEN_EXPIRY: '60000',
      OPENID_REUSE_TOKENS: 'false',
      OPENID_USE_END_SESSION_ENDPOINT: 'true',
      PROVIDER_ROTATES: 'false',
      PROVIDER_GRACE: '10 * 1000',
      TENANT_ISOLATION_STRICT: 'true',
      LIMITER: 'true',
      LOGIN_MAX: '3',
      LOGIN_WINDOW: '2',
    }),
  ).toEqual({
    port: 0,
    providerPort: 0,
    panelUrl: 'https://admin.example.com/panel',
    knobs: {
      sessionMs: 5_000,
      refreshMs: 60_000,
      reuseTokens: false,
      endSession: true,
      strictTenant: true,
      limiter: { enabled: true, max: 3, windowMs: 120_000 },
      provider: { rotate: false, reuseGraceMs: 10_000 },
    },
  })
})

describe('durations', () => {
  test.each([
    ['900000', 900_000],
    ['1000 * 60 * 15', 900_000],
    ['1000*60*15', 900_000],
    ['(1000 * 60 * 60 * 24) * 7', 604_800_000],
    ['((1000 * (60)) * 15)', 900_000],
  ])('%s', (text, ms) => {
    expect(readEnvironment({ SESSION_EXPIRY: text }).knobs.sessionMs).toBe(ms)
  })

  test.each([
    'abc',
    '-1000',
    '0',
    '999',
    '1.5e6',
    '15m',
    '1000 + 1000',
    '1000 *',
    '1000 ** 2',
    '(1000 * 60',
    '(1000)(60)',
    '1(000)',
    '()',
    '0x1000',
    'Infinity',
    'NaN',
    '9999999999999',
    '99999999999 * 99999999999 * 99999999999',
    'process.exit()',
  ])('not %s', (text) => {
    expect(messageOf({ SESSION_EXPIRY: text })).toBe(
      `SESSION_EXPIRY must be a whole number from 1000 to 3153600000000, or a product like 1000 * 60 * 15; it is "${text}".`,
    )
  })
})

test.each([
  [{ BACKEND_PORT: '-1' }, 'BACKEND_PORT must be a port from 0 to 65535; it is "-1".'],
  [{ PROVIDER_PORT: '65536' }, 'PROVIDER_PORT must be a port from 0 to 65535; it is "65536".'],
  [{ BACKEND_PORT: '80.5' }, 'BACKEND_PORT must be a port from 0 to 65535; it is "80.5".'],
  [{ BACKEND_PORT: '3081' }, 'BACKEND_PORT and PROVIDER_PORT must differ; both are 3081.'],
  [{ LIMITER: 'yes' }, 'LIMITER must be true or false; it is "yes".'],
  [{ ADMIN_PANEL_URL: 'admin' }, 'ADMIN_PANEL_URL must be an absolute http(s) URL; it is "admin".'],
  [{ ADMIN_PANEL_URL: 'file:///x' }, 'ADMIN_PANEL_URL must be an absolute http(s) URL; it is "file:///x".'],
  [{ BACKEND_PORT: '0', PROVIDER_PORT: '0' }, 'nothing'],
])('%j', (given: Record<string, string>, message) => {
  expect(messageOf(given)).toBe(message)
})

test('all mistakes are told at once', () => {
  expect(messageOf({ BACKEND_PORT: 'x', LIMITER: '1', LOGIN_MAX: '0' }).split('\n')).toHaveLength(3)
})

test('each variable is described with a default that it accepts', () => {
  const lines = describeEnvironment()
  expect(lines).toHaveLength(13)
  for (const line of lines) {
    const [name = '', initial = ''] = line.split(/\s{2,}/)
    expect(messageOf({ [name]: initial })).toBe('nothing')
  }
})
