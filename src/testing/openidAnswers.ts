/** How a refresh is to fail at the wire. `networkError`: no answer, and nobody knows what became of the request. */
export type RefreshFailure = Response | 'networkError'

const said = (status: number, code: string) => () =>
  Response.json({ error: code.toLowerCase(), error_code: code }, { status })

/** What LibreChat's OpenID route answers for each outcome that is no success. `refreshToken`: the one that was sent. */
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
  // A refresh token that the backend knows, and no bearer with it.
  'refresh.uselessRenewal': (refreshToken?: string) => Response.json({ refreshToken }),
} satisfies Record<string, (refreshToken?: string) => RefreshFailure>
