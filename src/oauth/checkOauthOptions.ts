/** The required type of each option, if it is given. */
const CHECKS = {
  clientAuth: [isFunction, 'one of oauth4webapi, such as ClientSecretBasic(secret)'],
  scope: [
    (value) => typeof value === 'string' && value.trim() !== '',
    'a text that is not empty, such as "openid email"',
  ],
  user: [isFunction, 'a function from the claims of an ID token to a user'],
  client: [(value) => typeof value === 'object' && value !== null, 'an object with client metadata'],
  admit: [isFunction, 'a function from a user to a boolean'],
  tenants: [isFunction, '`entraTenants` with the ids of the tenants whose users may log in'],
  userinfo: [isFunction, 'the function `userinfo` of this package'],
} satisfies Record<string, readonly [(value: unknown) => boolean, string]>

/** The address of the provider's metadata, in place of its issuer. */
const DOCUMENT = /\/\.well-known\/(openid-configuration|oauth-authorization-server)\/?$/

/**
 * Refuses mistakes in the code that names a provider. A developer meets them at the first run, so a page in production
 * does not download this check. `refuse`: throws with the message.
 */
export function checkOauthOptions(
  options: { readonly server?: unknown; readonly clientSecret?: unknown } & {
    readonly [name in keyof typeof CHECKS]?: unknown
  },
  refuse: (problem: string) => never,
): void {
  const { server } = options
  if (server instanceof URL) refuse(`\`server\` must be a text, not a URL object: "${server.origin}…".`)
  const document = DOCUMENT.exec(String(server))
  if (document) refuse(`\`server\` must be the issuer: leave "${document[0]}" out.`)
  // As other packages have it. Without a word this client would be a public one.
  if ('clientSecret' in options)
    refuse('`clientSecret` does not exist: give `clientAuth: ClientSecretBasic(secret)`, of oauth4webapi.')
  for (const [name, [isFit, what]] of Object.entries(CHECKS)) {
    const value = options[name as keyof typeof CHECKS]
    if (value !== undefined && !isFit(value)) refuse(`\`${name}\` must be ${what}.`)
  }
}

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}
