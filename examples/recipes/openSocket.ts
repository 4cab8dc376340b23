import { RefreshUnavailable, type Session } from 'xstate-session'

const FIRST_PAUSE_MS = 500
const MAX_PAUSE_MS = 30_000

/**
 * A WebSocket that comes back by itself, each time with a fresh bearer in its first message: a URL would end in logs.
 * Stops when the session has ended, and tells why. Answers a function that closes it.
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

  async function connect() {
    const token = await session.getToken().catch((error: Error) => {
      if (error instanceof RefreshUnavailable) return again((error.retryAt ?? 0) - Date.now())
      return onEnd(error)
    })
    if (!token || isClosed) return
    socket = new WebSocket(url)
    socket.onopen = () => {
      pauseMs = FIRST_PAUSE_MS
      socket?.send(JSON.stringify({ type: 'authenticate', token }))
    }
    socket.onmessage = ({ data }) => onMessage(data)
    socket.onclose = () => again(0)
  }

  function again(atLeastMs: number) {
    if (isClosed) return
    timer = setTimeout(connect, Math.max(pauseMs, atLeastMs))
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)
  }

  void connect()
  return () => {
    isClosed = true
    clearTimeout(timer)
    socket?.close()
  }
}
