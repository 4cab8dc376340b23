import type { Chart } from './chart.ts'
import type { Login } from './login.ts'
import type { BffSettings } from './options.ts'
import type { OpenPage } from './page.ts'
import type { Finding, ServerAnswer, ServerCall } from './serverCalls.ts'

/** What a page's questions to its server have in common. */
export interface Parts {
  readonly chart: Chart
  readonly login: Login
  readonly call: ServerCall
  readonly settings: BffSettings
  readonly page: () => OpenPage
  /** What the server says by an answer; `undefined`: nothing. */
  readonly read: (answer: ServerAnswer) => Finding | undefined
  /** The server knows another login than the page. */
  readonly replaced: (login: string | undefined) => void
}
