import { LOGIN, NOBODY } from './namedLogin.ts'

/** Why a request may come from a page of another origin. */
export interface Forgery {
  readonly expected: string
  readonly came: string
}

/**
 * Why a request may come from a page of another origin; `undefined`: it does not. Three layers, each enough where the
 * browser knows it: `Sec-Fetch-Site` says where the page is from, `Origin` must be ours where there is one, and whatever
 * is not a plain read carries `x-csrf`, which no foreign page can add without a preflight that nobody here answers.
 */
export function forgeryOf(request: Request, origin: string): Forgery | undefined {
  const { headers, method } = request
  const site = headers.get('sec-fetch-site')
  const isNavigation = headers.get('sec-fetch-mode') === 'navigate'
  const isRead = method === 'GET' || method === 'HEAD'
  if (isRead && isNavigation) return undefined
  const from = headers.get('origin')
  // First: of a page on another origin of this site the origin says more than the site does.
  if (from !== null && from !== origin)
    return {
      expected: `the header Origin: ${origin}, the origin of the option "publicUrl"`,
      came: `Origin: ${originOf(from)}`,
    }
  if (site !== null && site !== 'same-origin' && !(isRead && site === 'none'))
    return {
      expected: 'the header Sec-Fetch-Site: same-origin, from a page of this origin',
      came: `Sec-Fetch-Site: ${/^(cross-site|same-site|none)$/.test(site) ? site : 'something else'}`,
    }
  const said = headers.get('x-csrf')
  if (isRead || said === NOBODY || LOGIN.test(said ?? '')) return undefined
  return {
    expected: 'the header x-csrf: "login" of the facts that the page has, or 1 without facts',
    came: said === null ? 'no header x-csrf' : 'an x-csrf that is neither',
  }
}

/** Nothing that is no origin is said again. */
const originOf = (value: string): string =>
  value === 'null' || URL.parse(value)?.origin === value ? value : 'something that is no origin'
