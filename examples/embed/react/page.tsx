// page.tsx
import { hydrateRoot } from 'react-dom/client'
import { createBffSession } from 'xstate-session/bff'
import { browserPage } from 'xstate-session/browser'
import { Panel } from './panel.tsx'

const facts = JSON.parse(document.getElementById('facts')?.textContent ?? 'null')
const session = createBffSession({ facts, page: browserPage() })

const container = document.getElementById('panel')
if (container) hydrateRoot(container, <Panel session={session} path={location.pathname} />)
