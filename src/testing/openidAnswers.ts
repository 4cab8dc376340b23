/** How a refresh fails on the wire. `networkError`: there is no answer, and nobody knows whether the request arrived. */
export type RefreshFailure = Response | 'networkError'

const said = (status: number, code: string) => () =>
  Response.json({ error: code.toLowerCase(), error_code: code }, { status })

/** The answer of LibreChat's OpenID route for each outcome that is no success. `refreshToken`: the token that was sent. */
export const openidAnswers = {
  'refresh.refused': said(503, 'OPENID_NOT_CONFIGURED'),
  'refresh.limited': () => new Response(null, { status: 429, headers: { 'retry-after': '30' } }),
  'refresh.unknown': () => 'networkError',
  'refresh.failed': said(401, 'REFRESH_FAILED'),
  'refresh.consumed': said(502, 'IDP_INCOMPLETE'),
  'refresh.rejected': said(401, 'USER_NOT_FOUND'),
  'refresh.missingCredential': said(400, 'MISSING_REFRESH_TOKEN'),
  'refresh.accessRevoked': said(403, 'FORBIDDEN'),
  'refresh.identityMismatch': said(401, 'USER_ID_MISMATCH'),
  'refresh.stepUpRequired': () => Response.json({ twoFASetupRequired: true }),
  'refresh.unsupported': () => Response.json({ message: 'Endpoint not found' }, { status: 404 }),
  'refresh.disabled': said(403, 'TOKEN_REUSE_DISABLED'),
  // The backend knows the refresh token, but the answer has no bearer.
  'refresh.uselessRenewal': (refreshToken?: string) => Response.json({ refreshToken }),
} satisfies Record<string, (refreshToken?: string) => RefreshFailure>
