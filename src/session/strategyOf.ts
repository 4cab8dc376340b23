import type { ResendPolicy } from '../../machines/session.types.ts'
import type { Owner } from './login.ts'
import type { Settings } from './options.ts'
import type { SessionStrategy } from './strategy.ts'

/** The strategy that renews the session of `owner`. */
export const strategyOf = ({ strategies }: Settings, { provider }: Owner) =>
  strategies[provider] as SessionStrategy

/** Whether a refresh token of `owner` may be sent again while its outcome is unknown. */
export const resendPolicyOf = (settings: Settings, owner: Owner): ResendPolicy =>
  strategyOf(settings, owner).resend ?? 'afterBearerEnds'
