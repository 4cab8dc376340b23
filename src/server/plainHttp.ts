/** What somebody on the way can do who reads and changes what goes to a URL. */
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

/** Whether everybody on the way can read and change what goes there. */
export const isPlainHttp = ({ protocol, hostname }: URL): boolean =>
  protocol === 'http:' && !isLoopback(hostname)

/** The warning for the console of somebody who observes nothing. */
export const plainHttpWarning = (option: UrlOption): string =>
  `Option "${option}" is a plain http URL of another host: whoever is on the way can ${RISKS[option]}. Use https, or a network that is yours alone.`
