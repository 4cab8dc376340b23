/**
 * Texts for users whose login failed, by the `reason` of `LoginFailed`. `failed` is the text of every other reason and error,
 * and `signIn` the word on a button.
 */
export type LoginTexts = Readonly<
  Record<
    | 'access_denied'
    | 'attempt_expired'
    | 'failed'
    | 'not_admitted'
    | 'other_user'
    | 'popup_blocked'
    | 'provider_unavailable'
    | 'signIn'
    | 'storage_unavailable'
    | 'unfinished'
    | 'unknown_attempt',
    string
  >
>

/**
 * The English texts for a failed login. Translate this table.
 *
 * @example
 * const german: LoginTexts = { ...loginTexts, access_denied: 'Sie haben sich nicht angemeldet.', signIn: 'Anmelden' }
 */
export const loginTexts: LoginTexts = {
  access_denied: 'You have not signed in.',
  attempt_expired: 'The sign-in took too long. Please sign in again.',
  failed: 'The sign-in has failed.',
  not_admitted: 'Your account may not use this page. Please contact an administrator.',
  other_user: 'Somebody else has signed in there. You still are who you were.',
  popup_blocked: 'Your browser has blocked the window of the sign-in. Please allow it, and try again.',
  provider_unavailable: 'The sign-in page is away. Please try again.',
  signIn: 'Sign in',
  storage_unavailable: 'Your browser stores nothing for this page. Please allow it, and sign in again.',
  unfinished: 'You have not signed in.',
  // In an installed application of iOS a login returns in a browser beside the application.
  unknown_attempt: 'That sign-in was not begun in this browser. Go on where you began it, or sign in here.',
}
