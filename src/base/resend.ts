import type { ResendPolicy } from '../../machines/session.types.ts'
import { Misconfigured } from './errors.ts'

/** The option `resend` as a strategy has it; throws `Misconfigured` for what is no policy. `of`: whose option it is. */
export function resendOf(of: string, resend: ResendPolicy | undefined): { readonly resend?: ResendPolicy } {
  if (resend === undefined) return {}
  const isWindow = typeof resend === 'object' && resend !== null && resend.withinMs > 0
  if (!isWindow && resend !== 'afterBearerEnds' && resend !== 'never')
    throw new Misconfigured(
      `${of}: \`resend\` must be 'afterBearerEnds', 'never' or { withinMs } above 0 (milliseconds).`,
    )
  return { resend }
}
