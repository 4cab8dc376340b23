import type { Bearer, HistoryEvent } from '../judge/history.ts'

export interface ApiOptions {
  bearer(name: string): Bearer | undefined
  note(event: HistoryEvent): void
  /** Whoever generates the history chooses the status. */
  answer(bearer: Bearer, call: string): number | Promise<number>
}

/** The backend's API, as `by` calls it with whatever carries a bearer. */
export function apiOf(by: string, { bearer: bearerOf, note, answer }: ApiOptions): typeof globalThis.fetch {
  return async (_, init) => {
    const headers = new Headers(init?.headers)
    const bearer = bearerOf(headers.get('authorization')?.replace('Bearer ', '') ?? '')
    if (!bearer) throw new Error('a request without a bearer that was issued')
    const call = headers.get('x-call') ?? ''
    note({ type: 'wired', by, call, bearer, body: String(init?.body) })
    const status = await answer(bearer, call)
    if (status === 401) bearer.isRejected = true
    note({ type: 'answered', by, call, bearer, status })
    return new Response(null, { status })
  }
}
