import { systemClock } from '../../src/base/clock.ts'
import { readPath, readUrl } from '../../src/server/readServerOptions.ts'
import type { LoginHost } from '../../src/server/serverLogin.ts'

const publicUrl = new URL('https://admin.example/')

/** What a server lends to a login. */
export const loginHost = (name: string): LoginHost => ({
  name,
  clock: systemClock,
  publicUrl,
  callbackPath: `/session/callback/${name}`,
  attemptTimeoutMs: 25_000,
  pathOf: (path, option) => readPath(publicUrl, path, option),
  urlOf: readUrl,
  endSessionAt: () => {},
})
