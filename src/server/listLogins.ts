import { json } from './answers.ts'
import { knownLogins } from './chosenLogin.ts'
import type { Endpoint } from './context.ts'

/** `GET logins`: the ways to log in, for a login page, and whether each worked when it was last used. */
export const listLogins: Endpoint = async (context, request) => {
  const { logins } = context
  const known = await knownLogins(context, request)
  const listed = known.map(async ([name, login]) => {
    const providers = login.begin && (await login.providers?.())
    const canRedirect = login.begin && (!providers || providers.length > 0)
    return {
      name,
      ways: [...(login.submit ? ['credentials'] : []), ...(canRedirect ? ['redirect'] : [])],
      ...(providers && { providers }),
      ...(logins.works(name) !== undefined && { works: logins.works(name) }),
    }
  })
  return json(200, { logins: await Promise.all(listed) })
}
