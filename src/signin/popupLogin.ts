import { systemClock } from '../base/clock.ts'
import { LoginFailed } from '../base/errors.ts'
import { ATTEMPT_MS } from './attempts.ts'
import type { Callback } from './callbackOf.ts'
import type { KeptAttempt } from './keptAttempt.ts'
import { createPopupChannel } from './popupChannel.ts'
import type { PopupOptions } from './popupOptions.ts'

/** A login whose window is open and still empty. */
export interface PopupLogin extends PopupOptions {
  readonly window: Window
  begin(): Promise<{ readonly location: URL; readonly attempt: KeptAttempt }>
  /** The provider's answer in an address, at the callback of any provider. */
  found(href: string): Callback | undefined
}

/** The user may close a window while its answer is still on its way. */
const GRACE_MS = 1_000

/**
 * Leads the window to the provider and waits for the callback, which comes over a channel of this origin. If the
 * provider's page or this one has a `Cross-Origin-Opener-Policy`, the two windows cannot reach each other.
 *
 * @throws LoginFailed if no answer comes
 */
export async function popupLogin(login: PopupLogin) {
  const { window } = login
  // The provider's page must not reach this one.
  window.opener = null
  const { location, attempt } = await login.begin()
  // The window is still of this origin, so `closed` can be trusted.
  if (window.closed) throw new LoginFailed('login_cancelled')
  return {
    attempt,
    callback: await answerTo(login, attempt.state, () => window.location.replace(location.href)),
  }
}

/** Waits for the callback with this `state`; `go` is called when the listener is ready. */
async function answerTo(
  { window, signal, onReturn, found }: PopupLogin,
  state: string,
  go: () => void,
): Promise<Callback> {
  const channel = createPopupChannel(state)
  const asking = new AbortController()
  const on = { signal: asking.signal }
  let disarm = () => {}
  const disarmers = [() => disarm(), channel.close, () => asking.abort()]
  try {
    return await new Promise<Callback>((resolve, reject) => {
      const fail = (reason: string) => reject(new LoginFailed(reason))
      const cancel = () => fail('login_cancelled')
      /** The user is back. From now on it checks whether the window is gone. */
      const back = () => {
        disarm()
        disarm = systemClock.setTimer(look, GRACE_MS, 'background')
      }
      function look() {
        if (!document.hasFocus()) return
        if (onReturn) return onReturn()
        // The window is closed, or a policy has cut it off; both look alike.
        if (window.closed) return cancel()
        back()
      }
      disarmers.push(systemClock.setTimer(() => fail('attempt_expired'), ATTEMPT_MS, 'background'))
      channel.listen((href) => {
        const callback = found(href)
        if (callback?.state !== state) return false
        resolve(callback)
        return true
      })
      addEventListener('focus', back, on)
      document.addEventListener('visibilitychange', back, on)
      signal?.addEventListener('abort', cancel, on)
      if (signal?.aborted) cancel()
      else go()
    })
  } finally {
    for (const stop of disarmers) stop()
  }
}
