import { librechatLogin } from 'xstate-session/librechat-login'
import type { Backend } from '../../backend/startBackend.ts'
import { breakBackend } from './breakBackend.ts'
import { type Panel, type PanelSettings, servePanel } from './servePanel.ts'

export interface PanelOptions extends PanelSettings {
  readonly backend: Backend
}

/** The admin panel and its server, in front of the reference backend. */
export function startPanel({ backend, ...settings }: PanelOptions): Promise<Panel> {
  return servePanel({
    ...settings,
    logins: { librechat: librechatLogin({ baseUrl: backend.url, rateLimit: false }) },
    breakable: breakBackend(backend),
  })
}
