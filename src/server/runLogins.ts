import { Misconfigured } from '../base/errors.ts'
import type { LoginHost, RunningLogin, ServerLogin } from './serverLogin.ts'

/** The logins of a server by their names. */
export interface RunningLogins {
  /** The login under `name`; `undefined`: there is none. */
  get(name: string): RunningLogin | undefined
  /** The short name of the identity of a login, which its sessions keep. */
  identityOf(name: string): Promise<string | undefined>
  /** Whether the login worked when it was last used here; `undefined`: nobody has used it. */
  works(name: string): boolean | undefined
  /** Notes a use, and whether it worked. */
  note(name: string, works: boolean): void
  readonly all: readonly (readonly [name: string, login: RunningLogin])[]
}

const NAME = /^[a-z][\w-]{0,31}$/i

/** Starts the logins of a server. `hostOf` makes the services for each. */
export function runLogins(
  logins: Readonly<Record<string, ServerLogin>>,
  hostOf: (name: string) => LoginHost,
): RunningLogins {
  const names = Object.keys(logins ?? {})
  if (names.length === 0)
    throw new Misconfigured(
      'Option "logins" must have one login at least: logins: { librechat: librechatLogin({ … }) }.',
    )
  const running = new Map<string, RunningLogin>()
  const paths = new Map<string, string>()
  for (const name of names) {
    const login = logins[name]
    if (!NAME.test(name))
      throw new Misconfigured(
        `Option "logins": a name must be 1 to 32 letters, digits, "-" and "_", and start with a letter; one is "${name.slice(0, 40)}".`,
      )
    if (typeof login !== 'function')
      throw new Misconfigured(
        `Option "logins": "${name}" must be a login, as librechatLogin({ … }) or oauthLogin({ … }) makes one.`,
      )
    const part = login(hostOf(name))
    if (typeof part === 'function')
      throw new Misconfigured(
        `Option "logins": "${name}" is a factory that nobody has called: give what it returns, such as librechatLogin({ … }).`,
      )
    if (!part.apiUrl && !part.providerUrl)
      throw new Misconfigured(
        `Option "logins": "${name}" must say where its refreshes go: as "apiUrl", if the backend there renews its sessions, or as "providerUrl".`,
      )
    for (const path of part.callbackPaths ?? []) {
      const other = paths.get(path)
      if (other)
        throw new Misconfigured(
          `Option "logins": "${other}" and "${name}" have one callback path, "${path}"; each needs its own: see the option "callbackPath" of the login.`,
        )
      paths.set(path, name)
    }
    running.set(name, part)
  }
  const working = new Map<string, boolean>()
  const identities = new Map<string, Promise<string>>()
  return {
    get: (name) => running.get(name),
    async identityOf(name) {
      const login = running.get(name)
      if (!login) return undefined
      const known = identities.get(name) ?? shortened(login.identity)
      identities.set(name, known)
      return known
    },
    works: (name) => working.get(name),
    note: (name, works) => void working.set(name, works),
    all: [...running],
  }
}

/** The target of a login's refreshes. */
export const baseUrlOf = ({ apiUrl, providerUrl }: RunningLogin): string => apiUrl ?? `${providerUrl}`

/** 48 bits of its hash: a record holds it, and a server has few logins. */
async function shortened(identity: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(identity))
  return btoa(String.fromCharCode(...new Uint8Array(hash, 0, 6)))
}
