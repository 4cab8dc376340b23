import { LoginFailed } from '../base/errors.ts'
import type { Adopt } from './adoption.ts'
import type { Callback } from './callbackOf.ts'
import type { LoginPage } from './loginPage.ts'
import type { PopupLogin } from './popupLogin.ts'
import type { PopupOptions } from './popupOptions.ts'

/** The begin of the `state` of such a login: every browser keeps this mark of the callback, and no other. */
export const IN_POPUP = 'popup.'

/**
 * Logins in a window of their own. Their code is downloaded when one begins. The attempt and its verifier stay in the
 * page that asked; the window only returns the provider's answer.
 */
export function createPopups(page: LoginPage, found: (href: string) => Callback | undefined, adopt: Adopt) {
  return {
    /** Call it in the user's click. */
    async login(options: PopupOptions, begin: PopupLogin['begin']): Promise<void> {
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
    /** In such a window: passes the answer to the page that asked, and closes. Resolves if that does not close it. */
    leave: (state: string, href: string): Promise<void> =>
      import('./popupCallback.ts').then(
        ({ popupCallback }) => popupCallback(state, href, page.close),
        page.close,
      ),
  }
}
