import { RefreshUnavailable, type Session } from 'xstate-session'

const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000
/** The close code that this server uses for a bearer that it does not accept. */
const UNAUTHORIZED = 4401

/**
 * A WebSocket that connects again by itself. Its first message has a fresh bearer. A URL with a bearer would end in logs.
 * It ends with the session, and reports why. Returns a function that closes it.
 */
export function openSocket(
  session: Session,
  url: string,
  onMessage: (data: unknown) => void,
  onEnd: (reason: Error) => void,
): () => void {
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let pauseMs = FIRST_PAUSE_MS
  let isClosed = false

  function close() {
    isClosed = true
    stop()
    clearTimeout(timer)
    socket?.close()
  }
  const stop = session.subscribe(({ isAuthenticated }) => {
    if (!isAuthenticated) void connect()
  })

  /** The bearer, or `undefined` if there is none now. The socket then tries again later, or ends. */
  async function token(): Promise<string | undefined> {
    try {
      return await session.getToken()
    } catch (error) {
      if (error instanceof RefreshUnavailable) again((error.retryAt ?? 0) - Date.now())
      else if (!isClosed) {
        close()
        onEnd(error as Error)
      }
      return undefined
    }
  }

  async function connect() {
    const bearer = await token()
    if (!bearer || isClosed) return
    const mine = new WebSocket(url)
    socket = mine
    mine.onopen = () => mine.send(JSON.stringify({ type: 'authenticate', token: bearer }))
    mine.onmessage = ({ data }) => {
      // The server has accepted the bearer.
      pauseMs = FIRST_PAUSE_MS
      onMessage(data)
    }
    mine.onclose = async ({ code }) => {
      // Another caller may have refreshed already.
      if (code === UNAUTHORIZED && (await token()) === bearer) await session.refresh().catch(() => {})
      again(0)
    }
  }

  function again(atLeastMs: number) {
    clearTimeout(timer)
    if (isClosed) return
    timer = setTimeout(connect, Math.max(pauseMs, atLeastMs))
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
  }

  void connect()
  return close
}
