import { describe, expect, test } from 'vitest'
import { Disposed, LoginRefused } from 'xstate-session'
import { loginErrorText, loginErrorTexts } from 'xstate-session/bff'

describe('U84: what users are told of a login that failed', () => {
  test.each(Object.entries(loginErrorTexts))('%s', (reason, text) => {
    expect(loginErrorText(new LoginRefused(reason, 401))).toBe(text)
  })

  test('of a login at the provider, by the code in the address', () => {
    expect(loginErrorText('auth_failed')).toBe(loginErrorTexts.auth_failed)
  })

  test('L67: of a callback that this browser has not begun', () => {
    expect(loginErrorText('login_not_started')).toMatch(/sign in here/)
  })

  test('in texts of the application, where it has them', () => {
    const texts = { invalid_credentials: 'Falsches Passwort.' }
    expect(loginErrorText(new LoginRefused('invalid_credentials', 401), texts)).toBe('Falsches Passwort.')
    expect(loginErrorText(new LoginRefused('rate_limited', 429), texts)).toBe(loginErrorTexts.rate_limited)
  })

  test.each([
    ['a server that expects another origin', new LoginRefused('csrf', 403), 'csrf'],
    [
      'a backend that answers in no known words',
      new LoginRefused('backend_unrecognized', 502),
      'backend_unrecognized',
    ],
    ['a word that is no text', new LoginRefused('constructor', 403), 'constructor'],
    ['a session that is disposed', new Disposed(), 'disposed'],
    ['a text that somebody wrote into the address', 'Call 555-0100 at once', 'unknown'],
    ['a text of the address that ends like a code', 'Call_me at once', 'unknown'],
    ['a text of the address that begins like a code', 'at once: call_me', 'unknown'],
    ['a long code of the address', 'x'.repeat(41), 'unknown'],
    ['the longest code of the address', 'x'.repeat(40), 'x'.repeat(40)],
    ['a code of the address that is not known', 'server_error', 'server_error'],
    ['nothing', undefined, 'unknown'],
  ])('%s is no wrong password: its code is told', (_, error, code) => {
    expect(loginErrorText(error)).toBe(
      `The sign-in did not work (${code}). Please try again, or tell an administrator.`,
    )
  })
})
