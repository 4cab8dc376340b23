import { Misconfigured } from '../base/errors.ts'
import type { BffSettings } from './options.ts'
import type { BffSession } from './session.ts'

/**
 * `session` in a page. On a server that only renders, the session can be read, and calls that need the page are
 * refused.
 */
export function withPage({ isInert }: BffSettings, session: BffSession): BffSession {
  if (!isInert) return session
  const refused = (method: string) => async () => {
    throw noPageFor(method)
  }
  return {
    ...session,
    fetch: refused('fetch'),
    login: refused('login'),
    secondFactor: refused('secondFactor'),
    loginWithRedirect: refused('loginWithRedirect'),
    look: refused('look'),
    refresh: refused('refresh'),
    logout: async () => {},
    url() {
      throw noPageFor('url')
    },
  }
}

const noPageFor = (method: string): Misconfigured =>
  new Misconfigured(
    `There is no page here, so \`session.${method}\` cannot know its origin: give the option "baseUrl". Code of the server calls \`getSession\` of createSessionServer instead.`,
  )
