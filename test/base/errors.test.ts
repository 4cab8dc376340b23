import { expect, test } from 'vitest'
import {
  Disposed,
  InvalidAnswer,
  LoggedOut,
  LoginFailed,
  LoginRefused,
  Misconfigured,
  RedirectBlocked,
  RefreshUnavailable,
  SessionChanged,
  SessionExpired,
} from 'xstate-session'

test.each([
  [new SessionExpired('idle'), 'SessionExpired', 'session_expired', false],
  [new LoggedOut('never'), 'LoggedOut', 'logged_out', false],
  [new SessionChanged(), 'SessionChanged', 'session_changed', false],
  [new RefreshUnavailable(1), 'RefreshUnavailable', 'refresh_unavailable', true],
  [new Misconfigured('x'), 'Misconfigured', 'misconfigured', false],
  [new InvalidAnswer('x'), 'InvalidAnswer', 'invalid_answer', false],
  [new RedirectBlocked('x'), 'RedirectBlocked', 'redirect_blocked', false],
  [new Disposed(), 'Disposed', 'disposed', false],
  [new LoginRefused('x', undefined), 'LoginRefused', 'login_refused', true],
  [new LoginRefused('x', 401), 'LoginRefused', 'login_refused', false],
  [new LoginRefused('x', 429), 'LoginRefused', 'login_refused', true],
  [new LoginRefused('x', 499), 'LoginRefused', 'login_refused', false],
  [new LoginRefused('x', 500), 'LoginRefused', 'login_refused', true],
  [new LoginFailed('server_error'), 'LoginFailed', 'login_failed', true],
  [new LoginFailed('provider_unavailable'), 'LoginFailed', 'login_failed', true],
  [new LoginFailed('temporarily_unavailable'), 'LoginFailed', 'login_failed', true],
  [new LoginFailed('my_server_error'), 'LoginFailed', 'login_failed', false],
  [new LoginFailed('server_error_of_mine'), 'LoginFailed', 'login_failed', false],
])(
  '%o has its name, its code, and says whether the same call may succeed later',
  (error, name, code, retryable) => {
    expect(error).toMatchObject({ name, code, retryable })
  },
)

test('the causes are told in words', () => {
  expect(new LoginRefused('rate_limited', 429).message).toBe(
    'The login was refused: rate_limited (status 429).',
  )
  expect(new LoginRefused('unavailable', undefined).message).toBe(
    'The login was refused: unavailable, no answer came.',
  )
  expect(new LoggedOut('never').message).toBe('Nobody is logged in.')
  expect(new LoggedOut('user').message).toBe('The session was logged out (user).')
})
