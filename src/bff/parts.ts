import type { Chart } from './chart.ts'
import type { Login } from './login.ts'
import type { BffSettings } from './options.ts'
import type { OpenPage } from './page.ts'
import type { Finding, ServerAnswer, ServerCall } from './serverCalls.ts'

/** The parts that a page's requests to its server share. */
export interface Parts {
  readonly chart: Chart
  readonly login: Login
  readonly call: ServerCall
  readonly settings: BffSettings
  readonly page: () => OpenPage
  /** The server's own word in an answer; `undefined`: there is none. */
  readonly read: (answer: ServerAnswer) => Finding | undefined
  /** The server has another login than the page shows. */
  readonly replaced: (login: string | undefined) => void
}
