import { LoginFailed } from '../base/errors.ts'
import type { Adopt } from './adoption.ts'
import type { Callback } from './callbackOf.ts'
import type { LoginPage } from './loginPage.ts'
import type { PopupLogin } from './popupLogin.ts'
import type { PopupOptions } from './popupOptions.ts'

/** How the `state` of such a login begins: its callback has no other mark that every browser keeps. */
export const IN_POPUP = 'popup.'

/**
 * Logins in a window of their own. What they do is downloaded when one begins. The attempt stays in the page that asked,
 * and so does its verifier: the window brings no more than the provider's answer.
 */
export function createPopups(page: LoginPage, found: (href: string) => Callback | undefined, adopt: Adopt) {
  return {
    /** Call it in the user's click. */
    async login(options: PopupOptions, begin: PopupLogin['begin']): Promise<void> {
      // Before anything is awaited.
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
    /** In such a window: gives the answer to the page that asked, and closes. Resolves where that does not close it. */
    leave: (state: string, href: string): Promise<void> =>
      import('./popupCallback.ts').then(
        ({ popupCallback }) => popupCallback(state, href, page.close),
        page.close,
      ),
  }
}
