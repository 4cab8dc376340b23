import { systemClock } from '../base/clock.ts'
import { LoginFailed } from '../base/errors.ts'
import { ATTEMPT_MS } from './attempts.ts'
import type { Callback } from './callbackOf.ts'
import type { KeptAttempt } from './keptAttempt.ts'
import { createPopupChannel } from './popupChannel.ts'
import type { PopupOptions } from './popupOptions.ts'

/** A login whose window is open, and still empty. */
export interface PopupLogin extends PopupOptions {
  readonly window: Window
  begin(): Promise<{ readonly location: URL; readonly attempt: KeptAttempt }>
  /** The provider's answer in an address, at the callback of any provider. */
  found(href: string): Callback | undefined
}

/** The user closes a window while its answer is still on its way. */
const GRACE_MS = 1_000

/**
 * Leads the window to the provider and waits for the callback, which comes over a channel of this origin: where the
 * provider's page or this one has a `Cross-Origin-Opener-Policy`, neither window reaches the other any more.
 *
 * @throws LoginFailed where no answer comes
 */
export async function popupLogin(login: PopupLogin) {
  const { window } = login
  // The provider's page has no business with this one.
  window.opener = null
  const { location, attempt } = await login.begin()
  // It is still of this origin, and says the truth.
  if (window.closed) throw new LoginFailed('login_cancelled')
  return {
    attempt,
    callback: await answerTo(login, attempt.state, () => window.location.replace(location.href)),
  }
}

/** The callback with this `state`; `go` is called when it is listened for. */
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
      /** The user is here again. As long as that is so, it is looked whether the window has gone. */
      const back = () => {
        disarm()
        disarm = systemClock.setTimer(look, GRACE_MS, 'background')
      }
      function look() {
        if (!document.hasFocus()) return
        if (onReturn) return onReturn()
        // Gone, or out of reach: a window that a policy has cut off says the same.
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
