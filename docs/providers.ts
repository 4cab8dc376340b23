import { readFileSync } from 'node:fs'
import type { Measured } from '../test/interop/measured.ts'
import { table } from './table.ts'

/** What `npm run interop` has written. */
const measured = JSON.parse(
  readFileSync(new URL('./providers.json', import.meta.url), 'utf8'),
) as readonly Measured[]

/** Of the page: which field is told under which heading. */
const PARTS: readonly [string, readonly (readonly [string, keyof Measured])[]][] = [
  [
    'A refresh token, used twice',
    [
      ['a renewal brings', 'renewal'],
      ['the old one again, at once', 'usedAgain'],
      ['the old one again, after the grace', 'afterGrace'],
      ['`resend`', 'resend'],
    ],
  ],
  [
    'Two at once, and a lost answer',
    [
      ['one token, sent twice at once', 'race'],
      ['sent again after its answer was lost', 'lostAnswer'],
    ],
  ],
  [
    'Login',
    [
      ['a login', 'login'],
      ['the metadata name', 'metadata'],
    ],
  ],
  ['Tokens bound to a key (DPoP)', [['a refresh token of a public client', 'dpop']]],
  [
    'Through a page and through a server',
    [
      ['a page, in Chromium', 'page'],
      ['a server', 'server'],
      ['a logout at the provider', 'backChannel'],
    ],
  ],
  [
    'Revocation and logout',
    [
      ['a revocation of the refresh token', 'revocation'],
      ["then the provider's logout", 'logoutAfterRevocation'],
      ["the provider's logout alone", 'logout'],
    ],
  ],
]

const NOTES = `- **Set \`resend\`** as the first table says. If the provider renews an old token once more, the policy is \`'afterBearerEnds'\`.
  If it does so only within a grace period, the policy is \`{ withinMs }\`. If it treats a second use as theft, the policy is
  \`'never'\`. Such a provider also kills the newest token, so a second send would lose the session in any case.
- **Keycloak:** a revocation ends the user's session at Keycloak. The logout after it still comes back to the panel. We did
  not measure whether it also logs out at a provider behind Keycloak. \`revokesAtLogout: false\` leaves the revocation out; then
  the logout alone ends the refresh token. It does not end a token of \`offline_access\`, a scope that the logins here do not request.
- **Ory Hydra** (in-memory database) without a grace period may renew both of two concurrent sends. It then accepts one of the new
  tokens, or neither. Set the grace period with \`oauth2.grant.refresh_token.rotation_grace_period\`. A logout at Hydra does not
  end refresh tokens with \`offline_access\`.
- **Back-channel logout:** each provider names the session (\`sid\`), so the user's other browsers stay logged in. Ory Hydra's
  tokens have no \`exp\`, which the final specification requires. Set \`requiresExp: false\` of \`backChannelLogout\` for Hydra.
- **A page** needs a provider that allows the page's origin (CORS): \`webOrigins\` of the client at Keycloak, \`serve.public.cors\` at Hydra.
- **Not measured:** Glewlwyd, and the effect of clocks that differ. [\`oauthProfiles\`](guide.md) has what Okta, Auth0, Entra and others
  document.

Next: [log in at a provider from a page](embed-oauth.md) · [log in at a provider from a server](server-logins.md) ·
[tokens bound to a key](dpop.md).`

/** The page of the providers: generated, so that it says what a run has shown. */
export const providersPage = (): string =>
  `${[
    '# Providers',
    'This page shows how OpenID providers treat refresh tokens, logins and logouts. Use it to set `resend` and `revokesAtLogout` for your provider.',
    '`npm run interop` measures the figures, and `npm run docs` generates the page from `docs/providers.json`. The run starts each provider that the machine has; for the others it says what is missing and how to get it. A script signs in through the provider’s own pages, as a browser does. The tested code is `oauthProvider` of a page, in Node or (where the table says so) in Chromium, and `oauthLogin` of a server as a confidential client.',
    ...PARTS.flatMap(([title, fields]) => [
      `## ${title}`,
      table(
        ['provider', 'set up', ...fields.map(([head]) => head)],
        measured.map((one) => [
          one.provider,
          one.setting,
          ...fields.map(([, field]) => (field === 'resend' ? `\`${one[field]}\`` : one[field])),
        ]),
      ),
    ]),
    '## What to set',
    NOTES,
  ].join('\n\n')}\n`
