import axios, { type AxiosInstance } from 'axios'
import type { Session } from 'xstate-session'

/** An axios client on the session's `fetch`: its bearer, its one retry after a 401, its one refresh for all. */
export function axiosFor(session: Session, baseURL: string): AxiosInstance {
  return axios.create({ baseURL, adapter: 'fetch', env: { fetch: session.fetch } })
}
