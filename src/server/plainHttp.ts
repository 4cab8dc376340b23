/** What somebody on the network can do with plain http. */
const RISKS = {
  baseUrl: 'read passwords and tokens',
  browserBaseUrl: 'take over a login',
  endSessionOrigins: 'read what the provider is told at a logout',
  api: 'read the tokens of users, and what they read and write',
  jwks: 'send keys of its own, and end sessions with them',
} as const

/** An option whose URL should be https. */
export type UrlOption = keyof typeof RISKS

/** Browsers count these as secure (W3C Secure Contexts, section 3.1). */
export const isLoopback = (host: string): boolean =>
  /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(host)

/** Whether anybody on the network can read and change the requests to this URL. */
export const isPlainHttp = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && !isLoopback(hostname)

/** The warning for the console if there is no `observe`. */
export const plainHttpWarning = (option: UrlOption): string =>
  `Option "${option}" is a plain http URL of another host: everybody on the network between can ${RISKS[option]}. Use https, or a private network.`
