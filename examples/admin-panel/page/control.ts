import { type Entry, timeline } from './timeline.ts'

/** What the server's control room tells; see server/controlRoom.ts. */
export interface ControlState {
  readonly provider: 'up' | 'down'
  readonly backend: 'up' | 'restarting'
  readonly revoked: boolean
  readonly requests: number
  readonly refreshes: number
  readonly mostPresented: number
  readonly replays: number
}

interface Notice {
  readonly type: string
  readonly reason?: string
  readonly cause?: string
  readonly code?: string
  readonly version?: number
}

let state: ControlState | undefined
const listeners = new Set<() => void>()

function take(next: ControlState): void {
  state = next
  for (const listener of listeners) listener()
}

const source = new EventSource('/control/events')
source.addEventListener('state', ({ data }) => take(JSON.parse(data) as ControlState))
source.addEventListener('notice', ({ data }) => {
  const entry = toEntry(JSON.parse(data) as Notice)
  if (entry) timeline.tell({ where: 'server', ...entry })
})

function toEntry({
  type,
  reason,
  cause,
  code,
  version,
}: Notice): Omit<Entry, 'id' | 'at' | 'where'> | undefined {
  switch (type) {
    case 'login':
      return { what: 'New session', why: 'the tokens stay on the server', tone: 'good' }
    case 'refreshSent':
      return { what: 'Refresh token sent', why: 'once, whoever waits', tone: 'wait' }
    case 'refreshed':
      return { what: `New bearer no. ${version}`, why: 'stored before anybody is told', tone: 'good' }
    case 'refreshDeferred':
      return { what: 'No new bearer yet', why: cause ?? '', tone: 'wait' }
    case 'ended':
      return { what: 'Session ended', why: reason ?? '', tone: 'bad' }
    case 'notVerified':
      return { what: 'Not verified', why: cause ?? '', tone: 'wait' }
    case 'loginRefused':
    case 'turnedAway':
    case 'security':
      return { what: 'Turned away', why: code ?? '', tone: 'bad' }
    default:
      return undefined
  }
}

export const control = {
  read: () => state,
  subscribe(listener: () => void) {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
  async ask(doing: string): Promise<void> {
    const answer = await fetch(`/control/${doing}`, { method: 'POST', headers: { 'x-csrf': '1' } })
    take((await answer.json()) as ControlState)
  },
}
