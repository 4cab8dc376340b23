import { beforeEach, describe } from 'vitest'
import { patientFetch } from '../../src/server/patientFetch.ts'
import { goBy, type Way } from './way.ts'

/** As on platforms whose only way it is. */
const BY_FETCH: Way = { fetch: patientFetch((input, init) => fetch(input, init)) }

/** Whole requests and responses, of which anything may be asked. */
const WRAPPED: Way = { mount: (handle) => async (request, info) => handle(new Request(request), info) }

/** Both ways of the proxy pass the same tests. */
export function bothWays(tests: () => void): void {
  describe.each([
    { by: 'node:http', options: {} },
    { by: 'node:http, behind code of yours', options: WRAPPED },
    { by: 'fetch', options: BY_FETCH },
  ])('by $by', ({ options }) => {
    beforeEach(() => {
      goBy(options)
      return () => goBy({})
    })
    tests()
  })
}
