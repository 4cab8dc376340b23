import { LoginFailed } from '../base/errors.ts'
import type { Adopt } from './adoption.ts'
import type { Callback } from './callbackOf.ts'
import type { LoginPage } from './loginPage.ts'
import type { PopupLogin } from './popupLogin.ts'
import type { PopupOptions } from './popupOptions.ts'

/** Logins in windows of their own, over the parts of `createLogins`. */
export type Popups = (
  page: LoginPage,
  found: (href: string) => Callback | undefined,
  adopt: Adopt,
) => {
  /** The begin of the `state` of such a login: every browser keeps this mark of the callback, and no other. */
  readonly mark: string
  /** Logs in in a window of its own. Call it in the user's click. */
  login(options: PopupOptions, begin: PopupLogin['begin']): Promise<void>
  /** In such a window: passes the answer to the page that asked, and closes. Resolves if that does not close it. */
  leave(state: string, href: string): Promise<void>
}

/**
 * The value of the option `popups` of `createLogins`: users can log in in a window of its own. The code for the window is
 * downloaded when such a login begins. The attempt and its verifier stay in the page that asked; the window only
 * returns the provider's answer.
 *
 * @example
 * const logins = createLogins(session, { keycloak }, { popups })
 * await logins.stepUp('keycloak', { maxAge: 0, popup: true })
 */
export const popups: Popups = (page, found, adopt) => ({
  mark: 'popup.',
  async login(options, begin) {
    // This comes before any await.
    const window = page.open()
    if (!window) throw new LoginFailed('popup_blocked')
    try {
      const { popupLogin } = await import('./popupLogin.ts').catch(() => {
        throw new LoginFailed('popup_unavailable')
      })
      const { attempt, callback } = await popupLogin({ ...options, window, begin, found })
      await adopt(attempt, callback)
    } catch (error) {
      window.close()
      throw error
    }
  },
  leave: (state, href) =>
    import('./popupCallback.ts').then(
      ({ popupCallback }) => popupCallback(state, href, page.close),
      page.close,
    ),
})
