import { createBrowserReceiver, type StatelyInspectionEvent } from '@statelyai/inspect'

/** The other page: what the official receiver told, and every message that came at all. */
const received: StatelyInspectionEvent[] = []
const messages: unknown[] = []
window.addEventListener('message', ({ data }) => messages.push(data))
createBrowserReceiver().subscribe((message) => void received.push(message))
Object.assign(window, { received, messages })
