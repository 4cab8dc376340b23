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

const NOTES = `- **\`resend\`** is the policy that follows. A token that was renewed once more is \`'afterBearerEnds'\`, within a grace \`{ withinMs }\`,
  and \`'never'\` where a second use is theft. There it ends the newest token as well: an answer that was lost
  costs the session, and a second send would have cost it anyhow.
- **Keycloak:** a revocation ends the user's session there. The logout after it still comes back; whether it also logs out
  at a provider behind Keycloak was not measured. \`revokesAtLogout: false\` leaves the revocation out, and its logout alone
  ends the refresh token; not one of \`offline_access\`, a scope that its logins here do not ask for.
- **Ory Hydra** (in-memory database) without a grace period may renew both of two sends at once, and then take one of the new tokens, or
  neither. The grace period is
  \`oauth2.grant.refresh_token.rotation_grace_period\`. A logout there does not end refresh tokens with \`offline_access\`.
- **Back-channel logout:** each names the session (\`sid\`), so that the user's other browsers stay. Ory Hydra's tokens have no \`exp\`,
  which the final specification asks for: set \`requiresExp: false\` of \`backChannelLogout\` there.
- **A page** needs the provider to answer its origin (CORS): \`webOrigins\` of the client at Keycloak, \`serve.public.cors\` at Hydra.
- **Not measured:** Glewlwyd; what clocks that differ do. Of Okta, Auth0, Entra and others [\`oauthProfiles\`](guide.md) has what they document.`

/** The page of the providers: generated, so that it says what a run has shown. */
export const providersPage = (): string =>
  `${[
    '# Providers',
    'Measured by `npm run interop`, and generated from `docs/providers.json` by `npm run docs`. The run starts each provider that the machine can have, and says what is missing and how to get it. A browser of the script signs in through the provider’s own pages; the code under test is that of a page, `oauthProvider`, in Node but where Chromium is named, and `oauthLogin` of a server as a confidential client.',
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
    '## What follows',
    NOTES,
  ].join('\n\n')}\n`
