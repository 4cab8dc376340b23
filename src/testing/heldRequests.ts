interface Held {
  readonly kind: string
  isLate: boolean
  go(): void
  drop(): void
}

export type HeldRequests = ReturnType<typeof heldRequests>

/**
 * A `fetch` that holds a request until its kind is released. A request without a kind passes at once. `send` gives the
 * answer; its default is the platform's `fetch`.
 */
export function heldRequests(
  kindOf: (request: Request) => string | undefined,
  send = (request: Request): Promise<Response> => globalThis.fetch(request),
) {
  let held: readonly Held[] = []
  const forget = (one: Held) => {
    held = held.filter((other) => other !== one)
  }

  async function fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = new Request(input, init)
    const kind = kindOf(request)
    if (kind !== undefined)
      await new Promise<void>((resolve, reject) => {
        const drop = () => reject(new DOMException('Dropped', 'AbortError'))
        const one: Held = { kind, isLate: false, go: resolve, drop }
        held = [...held, one]
        request.signal.addEventListener('abort', () => {
          forget(one)
          one.drop()
        })
      })
    return send(request)
  }

  return {
    fetch,
    has: (kind: string) => held.some((one) => one.kind === kind && !one.isLate),
    /** Releases the newest request of a kind. */
    release(kind: string) {
      const one = held.findLast((each) => each.kind === kind && !each.isLate)
      if (!one) return
      forget(one)
      one.go()
    },
    /** Holds the present requests of a kind for ever, because nobody waits for them any more. */
    retire(kind: string) {
      for (const one of held) if (one.kind === kind) one.isLate = true
    },
    drop(kind?: string) {
      for (const one of held)
        if (kind === undefined || one.kind === kind) {
          forget(one)
          one.drop()
        }
    },
  }
}
