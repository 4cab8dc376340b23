import { RedirectBlocked } from '../base/errors.ts'
import { isRedirect, type Onward } from './onward.ts'

/** A browser hides where a redirect leads, so none is followed with a bearer. */
export async function follow(
  _target: string | Request,
  _init: RequestInit | undefined,
  answer: Response,
  _onward: Onward,
): Promise<Response> {
  if (!isRedirect(answer)) return answer
  throw new RedirectBlocked(
    'The API answered with a redirect whose target the platform hides: call the final URL.',
  )
}
