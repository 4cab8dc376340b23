import { failure } from './answers.ts'
import type { ServerContext } from './context.ts'
import type { LoginChoice } from './loginChoice.ts'
import type { RunningLogin } from './serverLogin.ts'

type Chosen = readonly [name: string, login: RunningLogin]

const PARTS = { credentials: 'submit', redirect: 'begin' } as const

/**
 * The login of a request: the one that the option `chooseLogin` names. Without that option it is the one that the
 * request names by `via`, or the only one that can do what is asked. `undefined`: the option names no such login.
 */
export async function chosenLogin(
  context: ServerContext,
  { input, ...choice }: LoginChoice,
): Promise<Chosen | Response | undefined> {
  const { settings, logins } = context
  const part = PARTS[choice.way]
  const able = logins.all.filter(([, login]) => login[part])
  if (settings.chooseLogin) {
    const name = await nameOf(context, { ...choice, input })
    return able.find(([one]) => one === name)
  }
  const { via } = input
  const named = via === undefined ? able : able.filter(([name]) => name === via)
  const [one] = named
  if (one && named.length === 1) return one
  const names = able.map(([name]) => `"${name}"`).join(', ')
  return failure(400, 'invalid_request', {
    expected:
      able.length > 0 ? `"via", one of ${names}` : 'another way to log in: there is none of this kind',
  })
}

/** Calls the option. An error of the option is reported here, and no page learns of it. */
async function nameOf({ settings, logins }: ServerContext, choice: LoginChoice): Promise<string | undefined> {
  try {
    const name = await settings.chooseLogin?.(choice)
    if (name !== undefined && !logins.get(name))
      console.error(
        `Option "chooseLogin" has named a login that is not in "logins": "${String(name).slice(0, 40)}".`,
      )
    return name
  } catch (error) {
    console.error(error)
    return undefined
  }
}

/** The logins that a page may know: all, or with the option `chooseLogin` those that the request itself chooses. */
export async function knownLogins(context: ServerContext, request: Request): Promise<readonly Chosen[]> {
  const { settings, logins } = context
  if (!settings.chooseLogin) return logins.all
  const ways = ['credentials', 'redirect'] as const
  const names = await Promise.all(ways.map((way) => nameOf(context, { request, input: {}, way })))
  return logins.all.filter(([name]) => names.includes(name))
}
