import axios, { type AxiosInstance } from 'axios'
import type { Session } from 'xstate-session'

/** An axios client on the session's `fetch`, which adds the bearer, retries once after a 401, and refreshes once for all. */
export function axiosFor(session: Session, baseURL: string): AxiosInstance {
  return axios.create({ baseURL, adapter: 'fetch', env: { fetch: session.fetch } })
}
