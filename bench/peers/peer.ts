/** Where the peers work: a loopback server or stubs, the same for all of them. */
export interface World {
  /** Absolute, without a trailing `/`. */
  readonly baseUrl: string
  readonly send: typeof globalThis.fetch
  /** Answers the next bearer. Counts itself. */
  refresh(): Promise<string>
}

/** The bearer that a peer starts with. */
export interface Start {
  readonly token: string
  /** Milliseconds since the Unix epoch. */
  readonly endsAt: number
}

export interface Client {
  fetch(path: string, init?: RequestInit): Promise<{ readonly status: number }>
  /** The bearer, after a refresh if it has ended. Absent: the peer learns of the end by a 401 only. */
  token?(): Promise<string>
  stop?(): void
}

export interface Peer {
  readonly name: string
  open(world: World, start: Start): Client
}

/** How long the bearers of a refresh live. */
export const LIFE_SECONDS = 3_600

export const good = (): Start => ({ token: 'start', endsAt: Date.now() + LIFE_SECONDS * 1000 })
export const ended = (): Start => ({ token: 'start', endsAt: Date.now() - 1000 })
