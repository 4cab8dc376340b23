// page.tsx
import { hydrateRoot } from 'react-dom/client'
import { bffStrategy, createSession } from 'xstate-session'
import { browserOptions } from 'xstate-session/browser'
import { Panel } from './panel.tsx'

const facts = JSON.parse(document.getElementById('facts')?.textContent ?? 'null')
const session = createSession(
  browserOptions({ baseUrl: location.origin, strategies: { bff: bffStrategy({ facts }) } }),
)

const container = document.getElementById('panel')
if (container) hydrateRoot(container, <Panel session={session} path={location.pathname} />)
