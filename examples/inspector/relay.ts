/** Somebody who sends what happens to a session, or looks at what others send. */
export interface Peer {
  readonly name: string
  send(text: string): void
}

interface Message {
  readonly type: string
  readonly sessionId: string
  readonly [name: string]: unknown
}

/** Messages that are kept for who comes later, besides the charts of those who are there. */
const KEPT = 400

/**
 * Hands what one peer sends to all others, and to who comes later. Sessions are named by where they come from, since
 * every page and every process counts its own from zero.
 */
export function createRelay() {
  const peers = new Map<Peer, number>()
  /** The latest registration of each session, which names it and holds its chart. */
  const actors = new Map<string, { readonly owner: Peer; readonly text: string }>()
  let kept: { readonly owner: Peer; readonly text: string }[] = []
  let joined = 0

  function tellOthers(from: Peer, text: string) {
    for (const peer of peers.keys()) if (peer !== from) peer.send(text)
  }

  return {
    join(peer: Peer) {
      peers.set(peer, ++joined)
      for (const { text } of [...actors.values(), ...kept]) peer.send(text)
    },
    /** Its sessions are gone with it. */
    leave(peer: Peer) {
      const number = peers.get(peer)
      peers.delete(peer)
      for (const [id, { owner }] of actors) if (owner === peer) actors.delete(id)
      kept = kept.filter(({ owner }) => owner !== peer)
      tellOthers(peer, JSON.stringify({ type: 'gone', from: number }))
    },
    hear(peer: Peer, received: string) {
      const from = peers.get(peer)
      const message = read(received)
      if (!message || from === undefined) return
      const sessionId = `${from}/${message.sessionId}`
      const text = JSON.stringify({ ...message, sessionId, rootId: sessionId, from, where: peer.name })
      if (message.type === '@xstate.actor') actors.set(sessionId, { owner: peer, text })
      else kept = [...kept.slice(1 - KEPT), { owner: peer, text }]
      // Who comes after the end of a session need not know of it.
      if ((message.snapshot as { status?: unknown } | undefined)?.status === 'stopped')
        actors.delete(sessionId)
      tellOthers(peer, text)
    },
  }
}

function read(text: string): Message | undefined {
  try {
    const message = JSON.parse(text) as Partial<Message> | null
    const isMessage = typeof message?.sessionId === 'string' && /^@xstate\.\w+$/.test(message.type ?? '')
    return isMessage ? (message as Message) : undefined
  } catch {
    return undefined
  }
}
