import type { SessionNotice } from 'xstate-session'

export type Tone = 'good' | 'wait' | 'bad' | 'plain'

export interface Entry {
  readonly id: number
  readonly at: number
  /** Who says it. */
  readonly where: 'page' | 'server' | 'you'
  readonly what: string
  readonly why?: string
  readonly tone: Tone
}

const MOST = 60

let entries: readonly Entry[] = []
let last = 0
const listeners = new Set<() => void>()

/** What has happened, newest first. */
export const timeline = {
  read: () => entries,
  subscribe(listener: () => void) {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
  tell(entry: Omit<Entry, 'id' | 'at'>) {
    entries = [{ ...entry, id: ++last, at: Date.now() }, ...entries].slice(0, MOST)
    for (const listener of listeners) listener()
  },
}

/** The notices that add something to the transitions, which tell themselves. */
export function tellNotice(notice: SessionNotice): void {
  if (notice.type === 'refreshDeferred')
    timeline.tell({ where: 'page', what: 'No renewal yet', why: notice.cause, tone: 'wait' })
  if (notice.type === 'warning')
    timeline.tell({ where: 'page', what: 'Warning', why: notice.code, tone: 'wait' })
  if (notice.type === 'security')
    timeline.tell({ where: 'page', what: 'Security', why: notice.code, tone: 'bad' })
}
