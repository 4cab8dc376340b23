import { json } from './answers.ts'
import type { Endpoint } from './context.ts'

/** `GET logins`: the ways to log in, for a login page, and whether each worked when it was last used. */
export const listLogins: Endpoint = async ({ logins }) =>
  json(200, {
    logins: logins.all.map(([name, { submit, begin }]) => ({
      name,
      ways: [...(submit ? ['credentials'] : []), ...(begin ? ['redirect'] : [])],
      ...(logins.works(name) !== undefined && { works: logins.works(name) }),
    })),
  })
