'use client'
import {
  createElement,
  Fragment,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useState,
} from 'react'
import type { ExpiredReason, LoggedOutReason } from '../../machines/session.types.ts'
import { byWish } from '../base/byWish.ts'
import { type AnySessionError, LoginFailed } from '../base/errors.ts'
import { type LoginTexts, loginTexts } from '../base/loginTexts.ts'
import type { Logins, SignInOptions } from '../signin/createLogins.ts'
import { type ReasonTexts, reasonTexts } from './reasonTexts.ts'
import { ReasonTextsContext } from './reasonTextsContext.ts'
import { SessionGuard } from './SessionGuard.ts'
import { useLoginCallback } from './useLoginCallback.ts'
import { useSession } from './useSession.ts'
import { useSignIn } from './useSignIn.ts'

/** The facts for a page that waits for its user. */
export interface SignInPrompt {
  /** Why the login failed; `null`: none was tried. */
  readonly error: AnySessionError | null
  /** Why there is no session. */
  readonly reason: ExpiredReason | LoggedOutReason | null
  /** Begins a login at the user's request. */
  readonly signIn: () => void
}

/** The guarded part, and its logins. */
export interface SignInGuardProps<Name extends string> {
  /** The part for users who are logged in. */
  readonly children?: ReactNode
  /** The result of `createLogins`, made once beside the session. */
  readonly logins: Logins<Name>
  /** The provider of the login. */
  readonly provider: Name
  /** The options of the login. */
  readonly options?: SignInOptions
  /** Navigates to the page on which the login began: the `navigate` of a router. @default as `useLoginCallback` */
  readonly onReturn?: (returnTo: string) => unknown
  /** Shown until it is known who is logged in, and until the page leaves for the provider. @default nothing */
  readonly pending?: ReactNode
  /**
   * Shown to a user who has logged out or is not admitted, and after a failed login.
   * @default a text of `texts` and a button; an error that is no `LoginFailed`, such as `Misconfigured`, is written to the console
   */
  readonly prompt?: (prompt: SignInPrompt) => ReactNode
  /** Your texts for the default `prompt`. @default the English `loginTexts`, also for every missing text */
  readonly texts?: Partial<LoginTexts>
}

/**
 * Shows its children to a user who is logged in, and sends everybody else to the provider and back to this page. It
 * also handles the callback, so it must be rendered on the callback page. If logins fail, it begins at most two in a
 * tab. After that, and after a logout or a limit of time, it shows `prompt` and waits for the user. On a server, and
 * during hydration, it shows `pending`. It guards what is shown; the server decides what may be read.
 *
 * @example
 * return (
 *   <SessionProvider session={session}>
 *     <SignInGuard logins={logins} provider="keycloak" pending={<p>One moment…</p>}>
 *       <Settings />
 *     </SignInGuard>
 *   </SessionProvider>
 * )
 */
export function SignInGuard<Name extends string>(props: SignInGuardProps<Name>): ReactElement {
  const { children, logins, onReturn, pending } = props
  const callback = useLoginCallback(logins, onReturn)
  if (callback.isPending) return createElement(Fragment, null, pending)
  const fallback = createElement(Begin<Name>, { ...props, failure: callback.error })
  return createElement(SessionGuard, { pending, fallback }, children)
}

/** Shown when nobody is logged in. */
function Begin<Name extends string>({
  logins,
  provider,
  options,
  pending,
  prompt,
  texts,
  failure,
}: SignInGuardProps<Name> & { readonly failure: AnySessionError | null }): ReactNode {
  const reason = useSession((state) => state.reason)
  const returnTo = failure instanceof LoginFailed ? failure.returnTo : undefined
  const whole = { ...(returnTo !== undefined && { returnTo }), ...options }
  const asked = useSignIn(logins, provider, whole)
  const unasked = useSignIn(logins, provider, { ...whole, isUnasked: true })
  const [isBack, setBack] = useState(false)
  const isUnasked = asked.isIdle && !(reason && byWish.has(reason))
  const { mutate } = unasked
  useEffect(() => {
    if (isUnasked) mutate()
  }, [isUnasked, mutate])
  useEffect(() => {
    // The page came from the back-forward cache: the user went back at the provider.
    const onShow = ({ persisted }: PageTransitionEvent) => persisted && setBack(true)
    addEventListener('pageshow', onShow)
    return () => removeEventListener('pageshow', onShow)
  }, [])

  const late = asked.error ?? unasked.error ?? (isBack ? new LoginFailed('unfinished', returnTo) : null)
  const isLeaving = !late && (asked.isPending || asked.isSuccess || isUnasked)
  if (isLeaving) return pending
  // The callback's own error says more than the refusal to begin another login because of it.
  const isFault = failure !== null && !(failure instanceof LoginFailed)
  const error = asked.error ?? (isFault ? failure : (late ?? failure))
  // After the provider's logout the page is a new one, and its session knows of no logout.
  const isOut = error instanceof LoginFailed && error.reason === 'signed_out'
  const why = isOut ? { error: null, reason: 'user' as const } : { error, reason }
  const shown: SignInPrompt = { ...why, signIn: asked.mutate }
  return prompt ? createElement(prompt, shown) : createElement(Prompt, { ...shown, texts })
}

/** The errors that are on the console: strict mode and a new render show an error again. */
const written = new WeakSet<AnySessionError>()

function Prompt({
  error,
  reason,
  signIn,
  texts,
}: SignInPrompt & { readonly texts: Partial<LoginTexts> | undefined }): ReactElement {
  const ended: ReasonTexts = { ...reasonTexts, ...useContext(ReasonTextsContext) }
  useEffect(() => {
    // The user can do nothing about such an error, and its message says what to change.
    if (!error || error instanceof LoginFailed || written.has(error)) return
    written.add(error)
    console.error(error)
  }, [error])

  const whole: LoginTexts = { ...loginTexts, ...texts }
  // A reason is the provider's word.
  const known: ReadonlyMap<string, string> = new Map(Object.entries(whole))
  const failed = (error instanceof LoginFailed && known.get(error.reason)) || whole.failed
  const text = error ? failed : reason && ended[reason]
  const button = createElement('button', { type: 'button', onClick: signIn }, whole.signIn)
  return createElement(Fragment, null, createElement('p', { role: 'alert' }, text), button)
}
