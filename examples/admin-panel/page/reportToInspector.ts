import type { BaseSession } from 'xstate-session'
import { inspectSession } from 'xstate-session/inspect'

/** Shows the session in the inspector that the panel was started beside, if it was; its code is loaded only then. */
export async function reportToInspector(session: BaseSession): Promise<void> {
  const url = JSON.parse(document.getElementById('inspector')?.textContent ?? 'null') as string | null
  if (!url) return
  const { createWebSocketInspector } = await import('@statelyai/inspect')
  inspectSession(session, createWebSocketInspector({ url }))
}
