import type { SessionStore } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { openidStrategy } from 'xstate-session/librechat'
import { sessionStoreConformance } from 'xstate-session/testing'

/** The suite in a page: what passed, and why something did not. */
let count = 0
const vaultOf = (name: string) =>
  browserOptions({
    baseUrl: location.origin,
    strategies: { openid: openidStrategy() },
    vault: 'shared',
    name,
  }).store as SessionStore

const results: Record<string, string> = {}
for (const { name, run } of sessionStoreConformance({
  async create() {
    // A database of its own, as two pages have it.
    const database = `vault ${++count}`
    return { store: vaultOf(database), other: vaultOf(database) }
  },
}))
  results[name] = await run().then(() => 'passed', String)
Object.assign(window, { results })
