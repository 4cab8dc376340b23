import { isDevelopment } from '#development'
import type { ResendPolicy } from '../../machines/session.types.ts'
import { Misconfigured } from './errors.ts'

/**
 * The option `resend` of a strategy; in development it throws `Misconfigured` for an invalid policy. `of`: the
 * strategy, for the message.
 */
export function resendOf(of: string, resend: ResendPolicy | undefined): { readonly resend?: ResendPolicy } {
  if (resend === undefined) return {}
  if (isDevelopment && !isPolicy(resend))
    throw new Misconfigured(
      `${of}: \`resend\` must be 'afterBearerEnds', 'never' or { withinMs } above 0 (milliseconds).`,
    )
  return { resend }
}

const isPolicy = (resend: ResendPolicy) =>
  resend === 'afterBearerEnds' || resend === 'never' || (resend !== null && resend.withinMs > 0)
