import { LOGIN, NOBODY } from './namedLogin.ts'

/**
 * Whether a request may come from a page of another origin. Three layers, each enough where the browser knows it:
 * `Sec-Fetch-Site` says where the page is from, `Origin` must be ours where there is one, and whatever is not a
 * plain read carries `x-csrf`, which no foreign page can add without a preflight that nobody here answers.
 */
export function isForged(request: Request, origin: string): boolean {
  const { headers, method } = request
  const site = headers.get('sec-fetch-site')
  const isNavigation = headers.get('sec-fetch-mode') === 'navigate'
  const isRead = method === 'GET' || method === 'HEAD'
  if (isRead && isNavigation) return false
  if (site !== null && site !== 'same-origin' && !(isRead && site === 'none')) return true
  const from = headers.get('origin')
  if (from !== null && from !== origin) return true
  const said = headers.get('x-csrf') ?? ''
  return !isRead && said !== NOBODY && !LOGIN.test(said)
}
