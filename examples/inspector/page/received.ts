import type { StatelyInspectionEvent } from '@statelyai/inspect'

/** What the relay adds: where a message comes from. */
type Message = StatelyInspectionEvent & { readonly from: number; readonly where: string }
type Gone = { readonly type: 'gone'; readonly from: number }

export interface Happened {
  readonly id: number
  readonly event: string
  readonly from: string
  readonly to: string
  /** When the session says that it happened; milliseconds since the Unix epoch. */
  readonly at: number
  readonly fields: Readonly<Record<string, unknown>>
}

export interface Inspected {
  readonly id: string
  readonly from: number
  readonly where: string
  readonly isGone: boolean
  readonly status: string
  readonly state: string
  readonly tags: readonly string[]
  readonly context: Readonly<Record<string, unknown>>
  /** The chart as it was sent, to be read in other tools. */
  readonly definition: string
  /** The newest first. */
  readonly events: readonly Happened[]
  readonly taken: Happened | undefined
}

export interface Received {
  readonly isConnected: boolean
  /** Those that are there first. */
  readonly sessions: readonly Inspected[]
  readonly messages: number
}

const SHOWN_EVENTS = 200
const AGAIN_MS = 1_000

let state: Received = { isConnected: false, sessions: [], messages: 0 }
let nextId = 0
const listeners = new Set<() => void>()

function become(next: Partial<Received>) {
  state = { ...state, ...next }
  for (const listener of listeners) listener()
}

function change(id: string, make: (session: Inspected) => Inspected) {
  become({ sessions: state.sessions.map((session) => (session.id === id ? make(session) : session)) })
}

function hear(message: Message | Gone) {
  if (message.type === 'gone')
    return become({
      sessions: state.sessions.map((s) => (s.from === message.from ? { ...s, isGone: true } : s)),
    })
  become({ messages: state.messages + 1 })
  const { sessionId: id, from, where } = message
  if (message.type === '@xstate.actor') return register(id, from, where, message)
  if (message.type !== '@xstate.snapshot') return
  const { status, value, tags = [], context = {} } = message.snapshot as unknown as Partial<Sent>
  const { type: event, at, ...fields } = message.event as { type: string; at?: number }
  change(id, (before) => {
    const to = value ?? before.state
    const happened: Happened = {
      id: ++nextId,
      event,
      from: before.state,
      to,
      at: at ?? Number(message.createdAt),
      fields,
    }
    return {
      ...before,
      status: status ?? before.status,
      state: to,
      tags,
      context,
      events: [happened, ...before.events].slice(0, SHOWN_EVENTS),
      taken: to === before.state ? before.taken : happened,
    }
  })
}

interface Sent {
  readonly status: string
  readonly value: string
  readonly tags: readonly string[]
  readonly context: Readonly<Record<string, unknown>>
}

function register(id: string, from: number, where: string, message: Message) {
  const { snapshot, definition = '' } = message as unknown as { snapshot: Partial<Sent>; definition?: string }
  const { status = 'active', value = '', tags = [], context = {} } = snapshot
  const known = { id, from, where, isGone: false, status, state: value, tags, context, definition }
  const others = state.sessions.filter((session) => session.id !== id)
  become({ sessions: [...others, { ...known, events: [], taken: undefined }] })
}

/** Listens to the relay that served this page, and again if it was away. */
export function connect() {
  const socket = new WebSocket(location.origin.replace(/^http/, 'ws'))
  socket.addEventListener('open', () => become({ isConnected: true, sessions: [], messages: 0 }))
  socket.addEventListener('message', ({ data }) => hear(JSON.parse(String(data))))
  socket.addEventListener('close', () => {
    become({ isConnected: false })
    setTimeout(connect, AGAIN_MS)
  })
}

export const received = {
  read: () => state,
  subscribe(listener: () => void) {
    listeners.add(listener)
    return () => void listeners.delete(listener)
  },
}
