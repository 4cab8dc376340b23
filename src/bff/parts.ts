import type { Chart } from './chart.ts'
import type { Login } from './login.ts'
import type { BffSettings } from './options.ts'
import type { OpenPage } from './page.ts'
import type { ServerAnswer, ServerCall } from './serverCalls.ts'

/** The parts that a page's requests to its server share. */
export interface Parts {
  readonly chart: Chart
  readonly login: Login
  readonly call: ServerCall
  readonly settings: BffSettings
  /** The page and its tabs; `undefined`: none. */
  readonly page: () => OpenPage | undefined
  /** Reports an answer that is not of the server. */
  readonly heed: (answer: ServerAnswer) => void
  /** The server has another login than the page shows. */
  readonly replaced: (login: string | undefined) => void
}
